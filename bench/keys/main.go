// Command keys measures how apikey finds credentials in texts, and gitleaks beside
// it in the same run: how many it finds of those that are planted, how many it sees
// where there are none, and how fast. make bench-keys runs it.
package main

import (
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/zricethezav/gitleaks/v8/detect"

	"github.com/mcpload/mcpload/apikey"
)

// most is how many bytes of a folder are read.
const most = 100 << 20

func main() {
	peer := flag.Bool("gitleaks", true, "measure gitleaks, too")
	show := flag.Bool("show", false, "print where something was seen, and what stands before it")
	limit := flag.Int64("bytes", most, "how much of each folder is read")
	flag.Parse()
	zerolog.SetGlobalLevel(zerolog.Disabled)
	var leaks *detect.Detector
	if *peer {
		d, err := detect.NewDetectorDefaultConfig()
		if err != nil {
			fmt.Fprintln(os.Stderr, "keys:", err)
			os.Exit(2)
		}
		leaks = d
	}
	planted(leaks)
	judged()
	grows()
	made(leaks)
	for _, dir := range flag.Args() {
		folder(dir, *limit, leaks, *show)
	}
}

// cpu is the time that this process has had, which a busy machine doesn't stretch
// as it does the clock's.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // there is no other fault than a wrong argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// folder reads texts that hold no credential of anybody's, as far as known.
func folder(dir string, limit int64, leaks *detect.Detector, show bool) {
	var texts []string
	var names []string
	var size int64
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // what can't be read is no part of the corpus
		}
		if size >= limit {
			return filepath.SkipAll
		}
		text, err := os.ReadFile(path)
		if err != nil || len(text) > 8<<20 {
			return nil
		}
		texts, names, size = append(texts, string(text)), append(names, path), size+int64(len(text))
		return nil
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "keys:", err)
	}
	weigh(dir, texts, leaks, func(i int, text string, m apikey.Match) {
		if show {
			line := 1 + strings.Count(text[:m.Start], "\n")
			fmt.Printf("  %s:%d %s %s %q\n", names[i], line, m.Family, m.Encoding, text[max(0, m.Start-60):m.Start])
		}
	})
}

// weigh reads texts with apikey and gitleaks, and says what each saw and how fast.
func weigh(name string, texts []string, leaks *detect.Detector, saw func(i int, text string, m apikey.Match)) {
	var size int64
	for _, text := range texts {
		size += int64(len(text))
	}
	begin, seen := cpu(), 0
	for i, text := range texts {
		for _, m := range apikey.NewRedactor().Find(text) {
			seen++
			saw(i, text, m)
		}
	}
	report(name, "apikey", size, seen, cpu()-begin)
	if leaks == nil {
		return
	}
	begin, seen = cpu(), 0
	for _, text := range texts {
		seen += len(leaks.DetectString(text))
	}
	report(name, "gitleaks", size, seen, cpu()-begin)
}

func report(name, who string, size int64, seen int, took time.Duration) {
	fmt.Printf("%-40s %-9s %4d MB %6d seen %8.1f MB/s of processor time\n", name, who, size>>20, seen,
		float64(size)/1e6/max(took.Seconds(), 1e-9))
}
