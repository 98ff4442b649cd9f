//go:build unix

// Command mutants tries the tests of the packages that judge: it puts one small
// mistake at a time into their source, drawn by a seed, and says which mistakes
// no test noticed. `make mutants` runs it.
//
// A survivor is either a hole in the tests, to be mended by a test, or a change
// that changes nothing, to be listed with the reason in survivors.txt. A mutant
// that the tests only hang on counts as killed and is counted apart.
//
// It doesn't touch the source: the compiler is given the changed file as an
// overlay. gremlins, the tool for this that is kept up, tries every mutant and
// can't draw a sample; of these packages that is days of work.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// options are what the command line says.
type options struct {
	root  string
	known string
	only  string
	again string
	seed  uint64
	n     int
	least float64
	limit time.Duration
	names bool
}

// run tries a sample of mutants, and fails where too many lived or one that
// lived has no reason.
func run(ctx context.Context, args []string, out io.Writer) error {
	var o options
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	flags.StringVar(&o.root, "root", ".", "the module's folder")
	flags.StringVar(&o.known, "known", "scripts/mutants/survivors.txt", "the survivors that have a reason")
	flags.StringVar(&o.only, "only", "", "only the package in this folder")
	flags.StringVar(&o.again, "again", "", "only the mutants that lived according to this earlier output")
	flags.Uint64Var(&o.seed, "seed", 1, "of the draw")
	flags.IntVar(&o.n, "n", 50, "how many mutants of each package")
	flags.Float64Var(&o.least, "least", 0.9, "the share that has to be killed")
	flags.DurationVar(&o.limit, "limit", 30*time.Second, "of a processor's time a mutant's tests may take this, and "+
		"four times what they take without it")
	flags.BoolVar(&o.names, "v", false, "print every mutant, and not the survivors only")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("mutants: %w", err)
	}
	root, err := filepath.Abs(o.root)
	if err != nil {
		return fmt.Errorf("mutants: %w", err)
	}
	o.root = root
	known, err := readKnown(o.known)
	if err != nil {
		return err
	}
	all := tally{}
	for _, t := range targets {
		if o.only != "" && o.only != t.dir {
			continue
		}
		one, err := o.tryTarget(ctx, t, known, out)
		all.add(one)
		if err != nil {
			return fmt.Errorf("after %s: %w", all, err)
		}
	}
	return all.judge(out, o.least)
}

// tryTarget tries a sample of one package's mutants.
func (o options) tryTarget(ctx context.Context, t target, known map[string]string, out io.Writer) (tally, error) {
	sum := tally{}
	drawn, err := o.draw(t)
	if err != nil {
		return sum, err
	}
	work, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return sum, fmt.Errorf("mutants: %w", err)
	}
	defer os.RemoveAll(work) // what stays behind harms nobody
	b := &bench{root: o.root, work: work, target: t}
	if err := b.measure(ctx, o.limit); err != nil {
		return sum, err
	}
	fmt.Fprintf(out, "%s: %d mutants, %d of them by seed %d, each at most %s\n",
		t.dir, len(drawn), min(o.n, len(drawn)), o.seed, b.limit())
	for _, m := range drawn {
		if sum.tried() == o.n {
			break
		}
		f, err := b.try(ctx, m)
		if err != nil {
			return sum, err
		}
		reason, listed := known[m.name()]
		sum.count(f, listed)
		if f == lived || o.names {
			fmt.Fprintf(out, "%-8s %s\n", f, m.name())
		}
		if f == lived && listed {
			fmt.Fprintf(out, "         known: %s\n", reason)
		}
	}
	fmt.Fprintf(out, "%s: %s\n\n", t.dir, sum)
	return sum, nil
}

// draw returns a target's mutants in the order that a seed gives. Each package
// is drawn by itself: what one changes leaves the others' samples alone.
func (o options) draw(t target) ([]mutant, error) {
	all, err := t.mutants(o.root)
	if err != nil {
		return nil, err
	}
	if o.again != "" {
		before, err := os.ReadFile(o.again)
		if err != nil {
			return nil, fmt.Errorf("mutants: %w", err)
		}
		all = slices.DeleteFunc(all, func(m mutant) bool {
			return !strings.Contains(string(before), string(lived)+"    "+m.name()+"\n")
		})
	}
	rand.New(rand.NewPCG(o.seed, uint64(len(t.dir)))).Shuffle(len(all), func(i, j int) {
		all[i], all[j] = all[j],
			all[i]
	})
	return all, nil
}

// A tally counts fates.
type tally struct{ killed, timedOut, known, unknown, unviable int }

// count adds one mutant.
func (t *tally) count(f fate, listed bool) {
	switch {
	case f == killed:
		t.killed++
	case f == timedOut:
		t.timedOut++
	case f == unviable:
		t.unviable++
	case listed:
		t.known++
	default:
		t.unknown++
	}
}

// add adds another tally.
func (t *tally) add(other tally) {
	t.killed += other.killed
	t.timedOut += other.timedOut
	t.known += other.known
	t.unknown += other.unknown
	t.unviable += other.unviable
}

// tried is how many mutants compiled.
func (t tally) tried() int { return t.killed + t.timedOut + t.known + t.unknown }

// String is the tally in words.
func (t tally) String() string {
	parts := []string{
		fmt.Sprintf("%d of %d killed", t.killed+t.timedOut, t.tried()),
		fmt.Sprintf("%d of these by a time-out", t.timedOut),
		fmt.Sprintf("%d lived and have a reason", t.known),
		fmt.Sprintf("%d lived without one", t.unknown),
		fmt.Sprintf("%d more did not compile", t.unviable),
	}
	return strings.Join(parts, ", ")
}

// errNone says that nothing was tried, which must not look like a success.
var errNone = errors.New("mutants: no mutant was tried")

// judge says whether enough were killed.
func (t tally) judge(out io.Writer, least float64) error {
	if t.tried() == 0 {
		return errNone
	}
	share := float64(t.killed+t.timedOut) / float64(t.tried())
	fmt.Fprintf(out, "all: %s: %.1f %%\n", t, 100*share)
	var short []string
	if share < least {
		short = append(short, fmt.Sprintf("%.1f %% were killed, not %.0f %%", 100*share, 100*least))
	}
	if t.unknown > 0 {
		short = append(short, fmt.Sprintf("%d lived and have no reason in the list", t.unknown))
	}
	if len(short) == 0 {
		return nil
	}
	return fmt.Errorf("mutants: %s", strings.Join(slices.Compact(short), "; "))
}
