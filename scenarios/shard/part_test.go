package shard

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPartsAreTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of, total := rapid.IntRange(1, 70).Draw(t, "of"), rapid.IntRange(0, 500).Draw(t, "total")
		owned := make([]int, total)
		for nth := 1; nth <= of; nth++ {
			p := Part{nth, of}
			n := 0
			for i := range total {
				if p.Owns(i) {
					owned[i]++
					if p.Index(n) != i || p.Own(i) != n {
						t.Fatalf("%s: own %d is %d, and %d is own %d", p, n, p.Index(n), i, p.Own(i))
					}
					n++
				}
			}
			if n != p.Count(total) {
				t.Fatalf("%s counts %d of %d, and owns %d", p, p.Count(total), total, n)
			}
		}
		for i, n := range owned {
			if n != 1 {
				t.Fatalf("%d belongs to %d parts", i, n)
			}
		}
	})
	require.Equal(t, 7, Part{}.Count(7))
	require.True(t, Part{}.Owns(3))
	require.Equal(t, 3, Part{}.Index(3))
}

func TestParse(t *testing.T) {
	p, err := Parse("3/10")
	require.NoError(t, err)
	require.Equal(t, Part{3, 10}, p)
	require.Equal(t, "3/10", p.String())
	require.Empty(t, Part{}.String())
	for text, want := range map[string]string{
		"":                      `"" is not a part such as 3/10, or auto`,
		"3":                     `"3" is not a part such as 3/10, or auto`,
		"a/b":                   `"a/b" is not a part such as 3/10, or auto`,
		"0/10":                  "shard 0 of 10: shards count from 1",
		"11/10":                 "shard 11 of 10: shards count from 1",
		"1/0":                   "0 shards are not from 1 to 10000",
		"1/-1":                  "-1 shards are not from 1 to 10000",
		"1/9999999999999999999": `"1/9999999999999999999" is not a part such as 3/10, or auto`,
	} {
		_, err := Parse(text)
		require.EqualError(t, err, want)
	}
}

func TestAuto(t *testing.T) {
	for _, row := range []struct {
		name string
		env  map[string]string
		want string // the part, or the error
	}{
		{"indexed job", map[string]string{"JOB_COMPLETION_INDEX": "0", "MCPLOAD_SHARDS": "4"}, "1/4"},
		{"last of an indexed job", map[string]string{"JOB_COMPLETION_INDEX": "3", "MCPLOAD_SHARDS": "4"}, "4/4"},
		{"beyond", map[string]string{"JOB_COMPLETION_INDEX": "4", "MCPLOAD_SHARDS": "4"}, "shard 5 of 4: shards " +
			"count from 1"},
		{"no total", map[string]string{"JOB_COMPLETION_INDEX": "0"},
			"Kubernetes (an Indexed Job): MCPLOAD_SHARDS is not set"},
		{"array from 0", map[string]string{"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_MIN": "0",
			"SLURM_ARRAY_TASK_COUNT": "3"}, "3/3"},
		{"array from 5", map[string]string{"SLURM_ARRAY_TASK_ID": "5", "SLURM_ARRAY_TASK_MIN": "5",
			"SLURM_ARRAY_TASK_COUNT": "2"}, "1/2"},
		{"array in steps", map[string]string{"SLURM_ARRAY_TASK_ID": "14", "SLURM_ARRAY_TASK_MIN": "10",
			"SLURM_ARRAY_TASK_COUNT": "10", "SLURM_ARRAY_TASK_STEP": "2"}, "3/10"},
		{"array with gaps", map[string]string{"SLURM_ARRAY_TASK_ID": "9", "SLURM_ARRAY_TASK_MIN": "1",
			"SLURM_ARRAY_TASK_COUNT": "3"},
			"Slurm (a job array): task 9 of an array of 3 from 1 on: an array with gaps has no order; give " +
				"--shard k/n"},
		{"gitlab", map[string]string{"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "3"}, "1/3"},
		{"not a number", map[string]string{"CI_NODE_INDEX": "one", "CI_NODE_TOTAL": "3"},
			`GitLab CI (parallel): CI_NODE_INDEX is "one", which is no whole number`},
		{"nothing", map[string]string{"MCPLOAD_SHARDS": "3"},
			"nothing here says which shard this is: there is no JOB_COMPLETION_INDEX of Kubernetes (an Indexed Job), " +
				"SLURM_ARRAY_TASK_ID of Slurm (a job array), CI_NODE_INDEX of GitLab CI (parallel)"},
		{"two", map[string]string{"JOB_COMPLETION_INDEX": "0", "MCPLOAD_SHARDS": "4", "CI_NODE_INDEX": "1",
			"CI_NODE_TOTAL": "3"},
			"both Kubernetes (an Indexed Job) and GitLab CI (parallel) say which shard this is: give --shard k/n"},
	} {
		t.Run(row.name, func(t *testing.T) {
			p, err := Auto(func(name string) (string, bool) { v, ok := row.env[name]; return v, ok })
			if err != nil {
				require.Equal(t, row.want, err.Error())
				return
			}
			require.Equal(t, row.want, p.String())
		})
	}
}
