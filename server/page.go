package server

import (
	"crypto/sha256"
	"encoding/base64"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"
)

// running is what the root says to whoever does not ask for a page.
const running = "Avatar Forge Backend Running"

// pageRoutes serves the chat room to browsers, and to others a word that the server runs.
func (s *Server) pageRoutes() {
	both := []string{http.MethodGet, http.MethodHead}
	s.engine.Match(both, "/", func(c *gin.Context) {
		// The same address answers differently: a cache must know by what.
		c.Writer.Header().Add("Vary", "Accept")
		if !asksForPage(c) || !s.site.has(indexFile) {
			c.Header("Cache-Control", "no-cache")
			c.String(http.StatusOK, running)
			return
		}
		s.site.serve(c, indexFile, pagePolicy)
	})
	for name := range s.site {
		if name == indexFile || strings.HasPrefix(name, docsFolder) {
			continue
		}
		s.engine.Match(both, "/"+name, func(c *gin.Context) { s.site.serve(c, name, pagePolicy) })
	}
}

const (
	indexFile = "index.html"
	// docsFolder holds the pages that describe the API, see docsRoutes.
	docsFolder = "docs/"
	// assetsFolder holds files whose names change with their content.
	assetsFolder = "assets/"
)

// site is the files of the built page, by their path. Immutable.
type site map[string]*siteFile

// siteFile is a file in the forms in which it can be sent.
type siteFile struct {
	fsys        fs.FS
	contentType string
	forms       []siteForm // the smallest first; the last is the file as it is
}

// siteForm is a file's content, compressed when the page was built or as it is.
type siteForm struct {
	name     string // in the file system
	encoding string // as in Accept-Encoding; empty for the file as it is
	etag     string
}

// compressed are the ends of compressed files' names, by preference, and their encodings.
var compressed = []struct{ end, encoding string }{{".br", "br"}, {".gz", "gzip"}}

// newSite reads every file once, for its ETag. A nil file system has none.
func newSite(fsys fs.FS, log *slog.Logger) site {
	found := site{}
	if fsys == nil {
		return found
	}
	forms := map[string]siteForm{}
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			return err
		}
		etag, err := contentTag(fsys, name)
		forms[name] = siteForm{name: name, etag: etag}
		return err
	})
	if err != nil {
		log.Error("the page cannot be read", slog.Any("error", err))
		return site{}
	}
	for name, form := range forms {
		if end := path.Ext(name); end == ".br" || end == ".gz" {
			continue
		}
		f := &siteFile{fsys: fsys, contentType: contentTypes[path.Ext(name)]}
		for _, c := range compressed {
			if smaller, there := forms[name+c.end]; there {
				smaller.encoding = c.encoding
				f.forms = append(f.forms, smaller)
			}
		}
		f.forms = append(f.forms, form)
		found[name] = f
	}
	return found
}

// contentTypes are those of the files that a build of the page makes. The system's own
// table differs from machine to machine; what is not here is told by its content.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml", ".json": "application/json", ".woff2": "font/woff2", ".txt": "text/plain; charset=utf-8",
	".glb": "model/gltf-binary", ".wasm": "application/wasm", ".webmanifest": "application/manifest+json",
}

func contentTag(fsys fs.FS, name string) (string, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return `"` + base64.RawURLEncoding.EncodeToString(sum.Sum(nil)[:12]) + `"`, nil
}

func (s site) has(name string) bool { return s[name] != nil }

// serve sends a file that there is, under a content security policy.
func (s site) serve(c *gin.Context, name, policy string) {
	f := s[name]
	header := c.Writer.Header()
	form := f.forms[len(f.forms)-1]
	if len(f.forms) > 1 {
		header.Add("Vary", "Accept-Encoding")
		for _, smaller := range f.forms {
			if smaller.encoding != "" && accepts(c.Request, smaller.encoding) {
				form = smaller
				header.Set("Content-Encoding", form.encoding)
				break
			}
		}
	}
	header.Set(policyHeader, policy)
	header.Set("ETag", form.etag)
	if f.contentType != "" {
		header.Set("Content-Type", f.contentType)
	}
	if strings.HasPrefix(name, assetsFolder) {
		header.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		header.Set("Cache-Control", "no-cache") // asked again each time, by its ETag
	}
	http.ServeFileFS(c.Writer, c.Request, f.fsys, form.name)
}

// accepts says whether a client takes an encoding: named, and not with a weight of zero.
func accepts(r *http.Request, encoding string) bool {
	for _, list := range r.Header.Values("Accept-Encoding") {
		for entry := range strings.SplitSeq(list, ",") {
			name, weight, _ := strings.Cut(strings.TrimSpace(entry), ";")
			if strings.EqualFold(strings.TrimSpace(name), encoding) {
				return !noWeight(weight)
			}
		}
	}
	return false
}

func noWeight(weight string) bool {
	q, is := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
	return is && strings.Trim(q, "0.") == ""
}
