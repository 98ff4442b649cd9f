package main

import (
	"errors"
	"fmt"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/promise"
)

// parsePromise reads the laws that --promise gives, one a flag.
func parsePromise(texts []string) (promise.Promise, error) {
	var p promise.Promise
	for _, text := range texts {
		l, err := promise.Parse(text)
		if err != nil {
			var bad *promise.SyntaxError
			if errors.As(err, &bad) {
				return nil, hint.New(fmt.Errorf("--promise %s", bad.Problem), bad.Want)
			}
			return nil, err
		}
		p = append(p, l)
	}
	return p, p.Validate()
}
