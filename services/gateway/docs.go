package gateway

import (
	"net/http"
	"sync"

	"tavolo/pkg/apidoc"
)

// documents are what the API says of itself. Each is written when somebody asks for it first: a start has better things to do.
func (g *Gateway) documents() map[string]http.Handler {
	once := func(contentType string, write func() ([]byte, error)) http.Handler {
		written := sync.OnceValues(write)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			data, err := written()
			if err != nil {
				g.refuse(w, r, err)
				return
			}
			writeBytes(w, http.StatusOK, contentType, data)
		})
	}
	return map[string]http.Handler{
		"/openapi.json":  once("application/json", func() ([]byte, error) { return apidoc.OpenAPI(g.o.Version, aliases) }),
		"/asyncapi.json": once("application/json", func() ([]byte, error) { return apidoc.AsyncAPI(g.o.Version) }),
		"/docs":          once("text/html; charset=utf-8", func() ([]byte, error) { return apidoc.Page(g.o.Version, aliases) }),
		"/docs.css":      once("text/css; charset=utf-8", func() ([]byte, error) { return apidoc.Style(), nil }),
	}
}
