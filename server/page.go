package server

import (
	"io/fs"
	"net/http"
	"path"
	"strings"

	"github.com/gin-gonic/gin"
)

// pageRoutes serves the chat room to browsers, and to others a word that the server runs.
func (s *Server) pageRoutes() {
	s.engine.GET("/", func(c *gin.Context) {
		if s.cfg.Page == nil || !strings.Contains(c.GetHeader("Accept"), "text/html") {
			c.String(http.StatusOK, "Avatar Forge Backend Running")
			return
		}
		c.Header(policyHeader, pagePolicy)
		c.Header("Cache-Control", "no-cache")
		c.FileFromFS("/", http.FS(s.cfg.Page))
	})
	if s.cfg.Page == nil {
		return
	}
	files := http.FS(s.cfg.Page)
	entries, err := fs.ReadDir(s.cfg.Page, ".")
	if err != nil {
		s.log.Error("the page cannot be read", "error", err)
		return
	}
	for _, e := range entries {
		name := e.Name()
		if name == "index.html" || strings.HasPrefix(name, ".") {
			continue
		}
		if !e.IsDir() {
			s.engine.GET("/"+name, func(c *gin.Context) {
				c.Header(policyHeader, pagePolicy)
				c.FileFromFS("/"+name, files)
			})
			continue
		}
		s.engine.GET("/"+name+"/*file", func(c *gin.Context) {
			file := path.Join(name, c.Param("file"))
			if info, err := fs.Stat(s.cfg.Page, file); err != nil || info.IsDir() {
				s.fail(c, newProblem(http.StatusNotFound, codeNotFound, "There is no such file."))
				return
			}
			c.Header(policyHeader, pagePolicy)
			if name == "assets" {
				// Their names change with their content.
				c.Header("Cache-Control", "public, max-age=31536000, immutable")
			}
			c.FileFromFS("/"+file, files)
		})
	}
}
