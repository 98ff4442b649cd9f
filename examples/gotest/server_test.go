package gotest_test

import (
	"testing"

	"github.com/mcpload/mcpload/examples/gotest"
	"github.com/mcpload/mcpload/mcploadtest"
)

func TestTheServerKeepsItsLimit(t *testing.T) {
	handler, err := gotest.NewHandler(50, 20)
	if err != nil {
		t.Fatal(err)
	}
	mcploadtest.Judge(t, handler, "50/s burst 20")
}
