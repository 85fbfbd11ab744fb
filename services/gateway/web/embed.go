// Package web is the web client inside the program: what the build makes of src/ (dist/), and the handler that serves it.
//
//	/  /enter  /me  /w/{workspace}/{i,s,d}/{id}  /w/{workspace}/s/{session}/projector     the page; the client finds the screen
//	/w/{workspace}/audit  /table3  /territory  /following                               the same
//	/assets/…                                                                           its files, named after their content
//
// Everything else is not found; a browser is given the page even then, which says so in the reader's language. The API does not need the client: when
// it was not built, / says how to build it and nothing else changes.
//
// Files are sent as the build packed them (brotli), or packed here once (gzip). A page may bring along answers of the API (WithAnswers); then it is one person's.
//
// Not here: security headers (the gateway sets them for every answer), the API, who may see an answer.
package web

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"embed"
	"encoding/json"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

//go:embed all:dist
var dist embed.FS

// notBuilt is what / says when the program was built without the client.
const notBuilt = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Tavolo</title>
<h1>The web client is not built</h1>
<p>The API works. For the pages, run <code>task client</code> and build Tavolo again.</p>
<h2 lang="it">Le pagine web non ci sono ancora</h2>
<p lang="it">L'API funziona. Per le pagine eseguire <code>task client</code> e compilare di nuovo Tavolo.</p>
</html>
`

// languageCookie is where the client, and the pages that do without it, keep the language that a reader chose.
const languageCookie = "tavolo-language"

// firstLanguage is the one that a visitor meets who has chosen none.
const firstLanguage = "it"

const (
	// keepForGood is for files whose name changes with their content.
	keepForGood = "public, max-age=31536000, immutable"
	// askAgain is for the page, which names the files of today.
	askAgain = "no-cache"
	// personal is for a page that holds what one person may see.
	personal = "private, no-store"
)

// file is one file of the client, ready to be sent.
type file struct {
	kind         string
	plain        []byte
	brotli, gzip []byte // nil where that would not be smaller
}

type handler struct {
	files map[string]file // by path under dist
	pages *http.ServeMux
}

// Handler serves the client that the program was built with.
func Handler() http.Handler {
	client, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("web: " + err.Error()) // only for a name that is no path, and ours is one
	}
	return serve(client)
}

// Style is the address of the client's style; "" when the program was built without the client.
func Style() string {
	names, err := fs.Glob(dist, "dist/assets/app-*.css")
	if err != nil || len(names) != 1 {
		return ""
	}
	return strings.TrimPrefix(names[0], "dist")
}

// serve reads a built client whole: it is small, and what is in memory cannot be missing later.
func serve(client fs.FS) http.Handler {
	h, smaller := &handler{files: map[string]file{}, pages: http.NewServeMux()}, map[string][]byte{}
	err := fs.WalkDir(client, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(client, name)
		if of, packed := strings.CutSuffix(name, ".br"); packed {
			smaller[of] = data
		} else {
			h.files[name] = pack(name, data)
		}
		return err
	})
	for name, data := range smaller {
		f := h.files[name]
		f.brotli = data
		h.files[name] = f
	}
	if _, built := h.files["index.html"]; err != nil || !built {
		h.files = map[string]file{"index.html": pack("index.html", []byte(notBuilt))}
	}
	for address, screen := range map[string]string{
		"/{$}": "home", "/enter": "enter", "/me": "me", "/w/{workspace}/i/{id}": "initiative", "/w/{workspace}/s/{id}": "session",
		"/w/{workspace}/s/{id}/projector": "projector", "/w/{workspace}/d/{id}": "decision",
		"/w/{workspace}/audit": "audit", "/w/{workspace}/audit/{page}": "audit", "/table3": "table3",
		"/territory": "territory", "/territory/{place...}": "territory", "/following": "following",
	} {
		h.pages.HandleFunc("GET "+address, func(w http.ResponseWriter, r *http.Request) { h.page(w, r, screen, http.StatusOK) })
	}
	h.pages.HandleFunc("/", h.other)
	return h.pages
}

// pack compresses a file once. Fonts are compressed already.
func pack(name string, data []byte) file {
	kinds := map[string]string{".js": "text/javascript; charset=utf-8", ".woff2": "font/woff2", ".svg": "image/svg+xml"}
	f := file{kind: cmp.Or(kinds[path.Ext(name)], mime.TypeByExtension(path.Ext(name))), plain: data}
	if packed := gzipped(data, gzip.BestCompression); len(packed) < len(data) {
		f.gzip = packed
	}
	return f
}

func gzipped(data []byte, level int) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, level) // fails only for a level that does not exist
	_, _ = z.Write(data)                   // a buffer takes everything
	_ = z.Close()
	return b.Bytes()
}

type answersKey struct{}

// WithAnswers gives a request whose page brings along what the API would answer to who asks for it, by the address of the method. The page is then kept by nobody.
func WithAnswers(r *http.Request, answers map[string]json.RawMessage) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), answersKey{}, answers))
}

// AnswersOf gives what WithAnswers put into a request; nil when nothing did.
func AnswersOf(r *http.Request) map[string]json.RawMessage {
	answers, _ := r.Context().Value(answersKey{}).(map[string]json.RawMessage)
	return answers
}

// with gives a page that holds answers, as data that no browser executes. Marshal writes no <, so that nothing in them ends the block.
func (f file) with(answers map[string]json.RawMessage) (file, error) {
	data, err := json.Marshal(answers)
	if err != nil {
		return f, err
	}
	const end = "</body>"
	block := []byte(`<script type="application/json" id="answers">` + string(data) + "</script>\n" + end)
	page := bytes.Replace(f.plain, []byte(end), block, 1)
	return file{kind: f.kind, plain: page, gzip: gzipped(page, gzip.DefaultCompression)}, nil
}

// page sends the page of a screen. There is one a language, which names at once every file that the screen will need, so that a phone on a poor line does not
// learn of each from the one before; the client finds the screen and the language by itself and needs none of this.
func (h *handler) page(w http.ResponseWriter, r *http.Request, screen string, status int) {
	w.Header().Set("Cache-Control", askAgain)
	w.Header().Add("Vary", "Cookie")
	f := h.pageOf(r, screen)
	if answers := AnswersOf(r); answers != nil {
		if own, err := f.with(answers); err == nil { // else the client asks, as it does for any other page
			w.Header().Set("Cache-Control", personal)
			f = own
		}
	}
	send(w, r, f, status)
}

func (h *handler) pageOf(r *http.Request, screen string) file {
	lang := firstLanguage
	if kept, err := r.Cookie(languageCookie); err == nil {
		lang = kept.Value
	}
	for _, name := range []string{screen + "." + lang + ".html", screen + "." + firstLanguage + ".html"} {
		if f, known := h.files[name]; known {
			return f
		}
	}
	return h.files["index.html"]
}

// other serves a file of the client, or says that there is nothing: to a browser with the page, to a program in a word.
func (h *handler) other(w http.ResponseWriter, r *http.Request) {
	name, asset := strings.CutPrefix(r.URL.Path, "/assets/")
	f, known := h.files["assets/"+name]
	read := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case asset && known && read:
		w.Header().Set("Cache-Control", keepForGood)
		send(w, r, f, http.StatusOK)
	case !asset && read && strings.Contains(r.Header.Get("Accept"), "text/html"):
		h.page(w, r, "nowhere", http.StatusNotFound)
	default:
		http.Error(w, "not found", http.StatusNotFound)
	}
}

func send(w http.ResponseWriter, r *http.Request, f file, status int) {
	w.Header().Add("Vary", "Accept-Encoding")
	w.Header().Set("Content-Type", f.kind)
	data, accepted := f.plain, r.Header.Get("Accept-Encoding")
	for _, packed := range []struct {
		encoding string
		data     []byte
	}{{"br", f.brotli}, {"gzip", f.gzip}} {
		if packed.data != nil && accepts(accepted, packed.encoding) {
			w.Header().Set("Content-Encoding", packed.encoding)
			data = packed.data
			break
		}
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(data) // whoever asked has gone: nobody is left to tell
	}
}

// accepts reads Accept-Encoding: the encoding is named and not refused with q=0.
func accepts(header, encoding string) bool {
	for _, item := range strings.Split(header, ",") {
		name, params, _ := strings.Cut(item, ";")
		if strings.EqualFold(strings.TrimSpace(name), encoding) {
			q, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(params), "q="), 64)
			return params == "" || err == nil && q > 0
		}
	}
	return false
}
