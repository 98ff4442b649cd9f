package shard

import (
	"fmt"
	"strconv"
	"strings"
)

// Total is the variable that says how many shards there are where the system that
// starts them says only which one this is.
const Total = "MCPLOAD_SHARDS"

// A place is a system that starts one program many times, and says in its variables
// which of them this is.
type place struct {
	name   string
	number string // the variable by which it is known
	part   func(whole func(name string) (int, error)) (nth, of int, err error)
}

var places = []place{
	{"Kubernetes (an Indexed Job)", "JOB_COMPLETION_INDEX", func(whole func(string) (int, error)) (int, int, error) {
		i, err := whole("JOB_COMPLETION_INDEX") // from 0
		if err != nil {
			return 0, 0, err
		}
		of, err := whole(Total)
		return i + 1, of, err
	}},
	{"Slurm (a job array)", "SLURM_ARRAY_TASK_ID", slurm},
	{"GitLab CI (parallel)", "CI_NODE_INDEX", func(whole func(string) (int, error)) (int, int, error) {
		n, err := whole("CI_NODE_INDEX") // from 1
		if err != nil {
			return 0, 0, err
		}
		of, err := whole("CI_NODE_TOTAL")
		return n, of, err
	}},
}

// slurm counts ids from the least, in steps: --array=0-9, 1-10 and 10-28:2 are ten
// tasks each.
func slurm(whole func(string) (int, error)) (int, int, error) {
	var at [3]int
	for i, name := range []string{"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_COUNT"} {
		n, err := whole(name)
		if err != nil {
			return 0, 0, err
		}
		at[i] = n
	}
	step, err := whole("SLURM_ARRAY_TASK_STEP")
	if err != nil || step < 1 {
		step = 1 // older ones don't say
	}
	id, least, count := at[0], at[1], at[2]
	if (id-least)%step != 0 || (id-least)/step >= count {
		return 0, 0, fmt.Errorf("task %d of an array of %d from %d on: an array with gaps has no order; give "+
			"--shard k/n", id, count, least)
	}
	return (id-least)/step + 1, count, nil
}

// Auto is the part that the variables of the system name in which the program runs.
// Where they name none, or two systems name one each, that is an error: a part that
// was guessed wrong would send nothing twice in silence.
func Auto(variable func(name string) (string, bool)) (Part, error) {
	var found []place
	for _, p := range places {
		if _, ok := variable(p.number); ok {
			found = append(found, p)
		}
	}
	switch {
	case len(found) == 0:
		var names []string
		for _, p := range places {
			names = append(names, p.number+" of "+p.name)
		}
		return Part{}, fmt.Errorf("nothing here says which shard this is: there is no %s", strings.Join(names, ", "))
	case len(found) > 1:
		return Part{}, fmt.Errorf("both %s and %s say which shard this is: give --shard k/n", found[0].name,
			found[1].name)
	}
	nth, of, err := found[0].part(func(name string) (int, error) {
		text, ok := variable(name)
		if !ok {
			return 0, fmt.Errorf("%s is not set", name)
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return 0, fmt.Errorf("%s is %q, which is no whole number", name, text)
		}
		return n, nil
	})
	if err != nil {
		return Part{}, fmt.Errorf("%s: %w", found[0].name, err)
	}
	return made(nth, of)
}
