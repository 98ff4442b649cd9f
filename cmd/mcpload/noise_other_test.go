//go:build noise && !linux

package main

import "testing"

// The soak finds and stops processes as Linux does it.
func TestNoise(t *testing.T) { t.Fatal("the soak needs Linux") }
