package main

import (
	"os"
	"strings"
	"testing"
)

func TestTry(t *testing.T) {
	status, out, errs := probing(t, strings.Fields(os.Getenv("TRY"))...)
	t.Logf("status %d\n%s\n%s", status, errs, out)
}
