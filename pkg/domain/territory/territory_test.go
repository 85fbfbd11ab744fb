package territory_test

import (
	"strconv"
	"strings"
	"testing"

	"tavolo/pkg/decider/decidertest"
	"tavolo/pkg/domain/territory"
)

func TestEveryRegionIsFoundHoweverItIsWritten(t *testing.T) {
	for written, code := range map[string]string{
		"Emilia-Romagna": "08", "emilia romagna": "08", "08": "08", "Regione Emilia-Romagna": "08", "Tuscany": "09", "Toscana": "09", "Friuli Venezia Giulia": "06",
		"Valle d’Aosta": "02", "Valle d'Aosta": "02", "Vallée d'Aoste": "02", "Bolzano": "21", "Provincia autonoma di Trento": "22", "Trentino-Alto Adige": "04", " puglia ": "16", "Apulia": "16",
	} {
		if r, ok := territory.Find(written); !ok || r.Code != code {
			t.Errorf("%q is %q %v, want %s", written, r.Code, ok, code)
		}
	}
	for _, written := range []string{"", "-", "Atlantide", "Nord"} {
		if r, ok := territory.Find(written); ok {
			t.Errorf("%q is %s", written, r.Code)
		}
	}
	if n := len(territory.Regions()); n != 22 {
		t.Errorf("%d regions and provinces", n)
	}
}

func TestTheTwoPartitionsPutEveryRegionSomewhere(t *testing.T) {
	want := map[string]map[string]int{territory.Macro5: {"north_west": 4, "north_east": 6, "centre": 4, "south": 6, "islands": 2}, territory.Macro3: {"north": 10, "centre": 4, "south_islands": 8}}
	shipped, err := territory.With()
	if err != nil {
		t.Fatal(err)
	}
	for list, areas := range want {
		p, ok := shipped.Named(list)
		if !ok {
			t.Fatalf("no %s", list)
		}
		got := map[string]int{}
		for _, r := range territory.Regions() {
			a, ok := p.Of(r.It)
			if !ok {
				t.Errorf("%s: %s is nowhere", p.Label(), r.It)
			}
			got[a.Code]++
		}
		for code, n := range areas {
			if got[code] != n {
				t.Errorf("%s: %s has %d regions and provinces, want %d", p.Label(), code, got[code], n)
			}
		}
	}
	if p, _ := shipped.Named(territory.Macro3); p.Label() != "macro3/1" {
		t.Errorf("label %s", p.Label())
	}
	if _, ok := shipped.Named("macro4"); ok {
		t.Error("a partition that nobody made")
	}
}

// allButOne are all regions except that of the two provinces.
const allButOne = `"01","02","03","05","06","07","08","09","10","11","12","13","14","15","16","17","18","19","20"`

// mine writes a list of areas; each names its regions.
func mine(areas ...string) []byte {
	var all []string
	for _, regions := range areas {
		all = append(all, `{"code":"a`+strconv.Itoa(len(all))+`","it":"A","en":"A","regions":[`+regions+`]}`)
	}
	return []byte(`{"list":"mine","version":2,"areas":[` + strings.Join(all, ",") + `]}`)
}

func TestAnEvaluatorBringsAPartition(t *testing.T) {
	p, err := territory.Parse(mine(allButOne+`,"21"`, `"22"`))
	if err != nil {
		t.Fatal(err)
	}
	trento, _ := p.Of("Trento")
	bolzano, _ := p.Of("Bolzano")
	if _, one := p.Of("Trentino-Alto Adige"); trento.Code != "a1" || bolzano.Code != "a0" || one || p.Label() != "mine/2" {
		t.Errorf("Trento %s, Bolzano %s, their region in one area: %v", trento.Code, bolzano.Code, one)
	}
}

func TestAPartitionHasANameOfItsOwn(t *testing.T) {
	p, err := territory.Parse(mine(allButOne + `,"04"`))
	if err != nil {
		t.Fatal(err)
	}
	all, err := territory.With(p)
	if err != nil || len(all) != 3 {
		t.Fatalf("%d partitions: %v", len(all), err)
	}
	if found, ok := all.Named("mine"); !ok || found != p {
		t.Error("what was added is not there")
	}
	_, err = territory.With(p, p)
	decidertest.Answer{T: t, Err: err}.Refused("territory/list-twice")
	unknown := []byte(`{"list":"mine","version":1,"areas":[{"code":"unknown","it":"A","en":"A","regions":[` + allButOne + `,"04"]}]}`)
	_, err = territory.Parse(unknown)
	decidertest.Answer{T: t, Err: err}.Refused("territory/unreadable")
	for _, list := range []string{"", "region", "North/South", "2"} { // it stands in addresses
		_, err := territory.Parse([]byte(`{"list":"` + list + `","version":1,"areas":[{"code":"a","it":"A","en":"A","regions":[` + allButOne + `,"04"]}]}`))
		decidertest.Answer{T: t, Err: err}.Refused("territory/unreadable")
	}
}

func TestAPartitionHoldsEveryRegionOnce(t *testing.T) {
	read := func(list []byte) decidertest.Answer {
		_, err := territory.Parse(list)
		return decidertest.Answer{T: t, Err: err}
	}
	read(mine(allButOne)).Refused("territory/region-missing")
	read(mine(allButOne + `,"21"`)).Refused("territory/region-missing") // and where is the other province?
	read(mine(allButOne+`,"04"`, `"01"`)).Refused("territory/region-twice")
	read(mine(allButOne+`,"04"`, `"22"`)).Refused("territory/region-twice") // it lies in 04
	read(mine(`"99"`)).Refused("territory/unknown-region")
	read([]byte(`{"list":"mine","areas":[]}`)).Refused("territory/unreadable")
	read([]byte(`{"list":"mine","version":1,"colour":"red"}`)).Refused("territory/unreadable")
	read([]byte(`{"list":"mine","version":1,"areas":[{"code":"a","regions":[]}]}`)).Refused("territory/unreadable")
}
