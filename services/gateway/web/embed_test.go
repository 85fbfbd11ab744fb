package web

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

// The client of these tests: a page, a script that gets smaller and a font that does not.
var client = fstest.MapFS{
	".keep":                    {},
	"index.html":               {Data: []byte("<title>Tavolo</title>" + strings.Repeat(" ", 200))},
	"assets/app-ABCD1234.js":   {Data: []byte(strings.Repeat("let a;", 100))},
	"assets/f-ABCD1234.woff2":  {Data: []byte("wOF2")},
	"assets/icon-ABCD1234.svg": {Data: []byte("<svg/>")},
	"assets/b-ABCD1234.js":     {Data: []byte(strings.Repeat("let b;", 100))},
	"assets/b-ABCD1234.js.br":  {Data: []byte("brotli")},
}

func get(t *testing.T, h http.Handler, target string, header ...string) (*http.Response, string) {
	t.Helper()
	method, target, spaced := strings.Cut(target, " ")
	if !spaced {
		method, target = http.MethodGet, method
	}
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	body := io.Reader(w.Body)
	if w.Header().Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			t.Fatal(err)
		}
		body = z
	}
	data, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), string(data)
}

func TestAddressesOfTheClient(t *testing.T) {
	h := serve(client)
	for _, c := range []struct {
		target, accept string
		status         int
		page           bool
		cache          string
	}{
		{"/", "", 200, true, askAgain},
		{"/enter", "", 200, true, askAgain},
		{"/me", "", 200, true, askAgain},
		{"/w/dsm/i/orari", "", 200, true, askAgain},
		{"/territory", "", 200, true, askAgain},
		{"/territory/macro5/centre/strength", "", 200, true, askAgain},
		{"/following", "", 200, true, askAgain},
		{"/w/dsm/s/orari:2026-03-05/projector", "", 200, true, askAgain},
		{"/w/dsm/d/orari:2026-03-05:apertura/projector", "text/html", 404, true, askAgain},
		{"/w/dsm/s/orari:2026-03-05", "", 200, true, askAgain},
		{"/w/dsm/d/orari:2026-03-05:apertura", "", 200, true, askAgain},
		{"/w/dsm/d/orari?why=users%3Astrict", "", 200, true, askAgain},
		{"/w/dsm/x/orari", "text/html", 404, true, askAgain},
		{"/w/dsm/x/orari", "application/json", 404, false, ""},
		{"/index.html", "", 404, false, ""},
		{"/.keep", "", 404, false, ""},
		{"/assets/.keep", "text/html", 404, false, ""},
		{"/assets/app-ABCD1234.js", "", 200, false, keepForGood},
		{"/assets/app-00000000.js", "text/html", 404, false, ""},
		{"/assets/b-ABCD1234.js.br", "", 404, false, ""},
		{"/assets/../index.html", "", 307, false, ""},
		{"POST /", "text/html", 404, false, ""},
		{"POST /assets/app-ABCD1234.js", "", 404, false, ""},
		{"HEAD /", "", 200, false, askAgain},
	} {
		r, body := get(t, h, c.target, "Accept", c.accept)
		if r.StatusCode != c.status || strings.Contains(body, "<title>") != c.page || r.Header.Get("Cache-Control") != c.cache {
			t.Errorf("%s (%s): %d, cache %q, page %v; want %d, %q, %v", c.target, c.accept, r.StatusCode, r.Header.Get("Cache-Control"),
				strings.Contains(body, "<title>"), c.status, c.cache, c.page)
		}
	}
}

func TestFilesAreSentPackedToWhoTakesThat(t *testing.T) {
	h := serve(client)
	for _, c := range []struct{ name, accepts, encoding, kind string }{
		{"app-ABCD1234.js", "br, gzip", "gzip", "text/javascript; charset=utf-8"},
		{"app-ABCD1234.js", "gzip;q=0.5", "gzip", "text/javascript; charset=utf-8"},
		{"app-ABCD1234.js", "gzip;q=0", "", "text/javascript; charset=utf-8"},
		{"app-ABCD1234.js", "", "", "text/javascript; charset=utf-8"},
		{"f-ABCD1234.woff2", "gzip", "", "font/woff2"},
		{"icon-ABCD1234.svg", "gzip", "", "image/svg+xml"},
	} {
		r, body := get(t, h, "/assets/"+c.name, "Accept-Encoding", c.accepts)
		if got := r.Header.Get("Content-Encoding"); got != c.encoding || r.Header.Get("Content-Type") != c.kind {
			t.Errorf("%s (%s): encoding %q, type %q", c.name, c.accepts, got, r.Header.Get("Content-Type"))
		}
		if body != string(client["assets/"+c.name].Data) {
			t.Errorf("%s (%s): another content", c.name, c.accepts)
		}
	}
}

func TestWhatTheBuildPackedIsSentAsItIs(t *testing.T) {
	h := serve(client)
	for accepts, want := range map[string]string{"gzip, deflate, br": "br", "br;q=0, gzip": "gzip", "gzip": "gzip", "": ""} {
		r, body := get(t, h, "/assets/b-ABCD1234.js", "Accept-Encoding", accepts)
		if got := r.Header.Get("Content-Encoding"); got != want || (body == "brotli") != (want == "br") || !strings.Contains(strings.Join(r.Header.Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("%q: encoding %q, want %q: %.20s", accepts, got, want, body)
		}
	}
}

func TestAPageBringsAnswersToOnePerson(t *testing.T) {
	h := serve(fstest.MapFS{"index.html": {Data: []byte("<body>\n<p>room</p>\n</body>")}})
	page := func(answers map[string]json.RawMessage, accepts string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/w/dsm/s/orari:s", nil)
		r.Header.Set("Accept-Encoding", accepts)
		if answers != nil {
			r = WithAnswers(r, answers)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	w := page(map[string]json.RawMessage{"/Get": json.RawMessage(`{"title":"</script><script>alert(1)</script>&"}`)}, "")
	block, _, found := strings.Cut(strings.TrimPrefix(w.Body.String(), `<body>
<p>room</p>
<script type="application/json" id="answers">`), "</script>")
	var back map[string]struct{ Title string }
	if err := json.Unmarshal([]byte(block), &back); err != nil || !found || back["/Get"].Title != "</script><script>alert(1)</script>&" {
		t.Errorf("%v: %s", err, w.Body)
	}
	if strings.Count(w.Body.String(), "<script") != 1 || w.Header().Get("Cache-Control") != personal {
		t.Errorf("%q: %s", w.Header().Get("Cache-Control"), w.Body)
	}
	if packed := page(map[string]json.RawMessage{}, "gzip"); packed.Header().Get("Content-Encoding") != "gzip" || packed.Header().Get("Cache-Control") != personal {
		t.Errorf("packed: %v", packed.Header())
	}
	if plain := page(nil, ""); plain.Body.String() != "<body>\n<p>room</p>\n</body>" || plain.Header().Get("Cache-Control") != askAgain {
		t.Errorf("what one person was given is kept: %v %s", plain.Header(), plain.Body)
	}
}

func TestWithoutTheClientThePageSaysHowToBuildIt(t *testing.T) {
	r, body := get(t, serve(fstest.MapFS{".keep": {}}), "/")
	if r.StatusCode != 200 || !strings.Contains(body, "task client") || r.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("%d %s: %s", r.StatusCode, r.Header.Get("Content-Type"), body)
	}
	if strings.Contains(body, "<script") || strings.Contains(body, "style") {
		t.Error("the page would break the content security policy")
	}
}

func TestThePageOfAScreenIsThatOfTheLanguageChosen(t *testing.T) {
	h := serve(fstest.MapFS{
		"index.html":      {Data: []byte("any")},
		"session.it.html": {Data: []byte("session it")},
		"session.en.html": {Data: []byte("session en")},
	})
	for _, c := range []struct{ target, cookie, want string }{
		{"/w/dsm/s/orari:2026-03-05", "", "session it"},
		{"/w/dsm/s/orari:2026-03-05", languageCookie + "=en", "session en"},
		{"/w/dsm/s/orari:2026-03-05", languageCookie + "=../index", "session it"},
		{"/me", languageCookie + "=en", "any"},
	} {
		r, body := get(t, h, c.target, "Cookie", c.cookie)
		if body != c.want || !strings.Contains(strings.Join(r.Header.Values("Vary"), ","), "Cookie") {
			t.Errorf("%s with %q: %q, Vary %v", c.target, c.cookie, body, r.Header.Values("Vary"))
		}
	}
}
