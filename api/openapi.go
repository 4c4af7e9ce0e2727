package api

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"sync"

	"go.yaml.in/yaml/v3"
)

// openapiYAML is the reference of the API, and the only one.
//
//go:embed openapi.yaml
var openapiYAML []byte

// openapiOnce returns openapi.yaml as JSON; most processes are never asked for it.
func openapiOnce() func() ([]byte, error) {
	return sync.OnceValues(func() ([]byte, error) {
		var doc map[string]any
		if err := yaml.Unmarshal(openapiYAML, &doc); err != nil {
			return nil, err
		}
		return json.Marshal(doc)
	})
}

func (s *Server) showOpenAPI(req *request) error {
	doc, err := s.openapi()
	if err != nil {
		return err
	}
	return req.send(http.StatusOK, "application/json", doc)
}
