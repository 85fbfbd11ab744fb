package pages

import (
	"bytes"
	"net/url"
	"strings"
	"testing"

	apiv1 "tavolo/proto/tavolo/api/v1"
)

// Who may read many initiatives sees their names, each leading to its own list; who reads few sees at once what is in them.
func TestAnIndexOfManyInitiativesNamesThem(t *testing.T) {
	all := []*apiv1.WorkspaceView{{Id: "dsm", Name: "Vallechiara", Initiatives: []*apiv1.InitiativeSummary{{Id: "orari", Title: "Gli orari"}, {Id: "pranzo", Title: "Il pranzo <insieme>"}}}}
	views := map[string][]*apiv1.InitiativeView{"dsm": {{Initiative: all[0].Initiatives[0], Decisions: []*apiv1.DecisionSummary{{Id: "orari:s:d", Question: "Di sabato?"}}}}}
	page := func(names bool) string {
		var b bytes.Buffer
		if err := (Frame{Lang: "it", Here: &url.URL{Path: "/pages"}}).HTML(&b, Index("it", all, views, names)); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	if got := page(true); !strings.Contains(got, `<a href="/pages?initiative=pranzo&amp;workspace=dsm">Il pranzo &lt;insieme&gt;</a>`) {
		t.Error(got)
	}
	if got := page(false); !strings.Contains(got, `<a href="/w/dsm/d/orari:s:d/page">Di sabato?</a>`) || strings.Contains(got, "initiative=") {
		t.Error(got)
	}
}
