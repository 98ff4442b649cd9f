package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/kubernetes"
	sharddrive "github.com/mcpload/mcpload/scenarios/shard/drive"
)

func (a *app) kubernetesCommand() *cobra.Command {
	return group("kubernetes", "Run a load or run from several pods of a cluster", a.manifestCommand())
}

func (a *app) manifestCommand() *cobra.Command {
	var c kubernetes.Config
	cmd := &cobra.Command{
		Use:   "manifest --workers N [flags] -- load|run|conform [its flags]",
		Short: "Print what kubectl apply takes to run it from several pods",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.ArgsLenAtDash() != 0 {
				return hint.New(errors.New("what the workers are to send stands after --"), "mcpload kubernetes "+
					"manifest --workers 20 -- load --url …")
			}
			if err := sharddrive.ForPods(args); err != nil {
				return err
			}
			c.Args = args
			text, err := kubernetes.Manifest(c)
			if err != nil {
				return err
			}
			_, err = a.stdout.Write(text)
			return err
		},
	}
	registerManifest(cmd.Flags(), &c)
	return cmd
}

func registerManifest(flags *pflag.FlagSet, c *kubernetes.Config) {
	flags.IntVar(&c.Workers, "workers", 0, "`number` of pods, which send a part each")
	flags.StringVar(&c.Image, "image", "ghcr.io/mcpload/mcpload:latest", "`image` of mcpload, such as "+
		"deploy/Dockerfile builds")
	flags.StringVar(&c.Name, "name", "mcpload", "`name` that all objects begin with, and are found by")
	flags.StringVarP(&c.Namespace, "namespace", "n", "", "`namespace` (default: kubectl's)")
	flags.StringVar(&c.TokenSecret, "token-secret", "mcpload-token", "`Secret` whose key token coordinator and "+
		"workers share")
	flags.StringVar(&c.TLSSecret, "tls-secret", "mcpload-tls", "`Secret` with the coordinator's certificate")
	flags.StringVar(&c.EnvSecret, "env-secret", "", "`Secret` whose keys are variables of the workers, such as "+
		"credentials for the server")
	flags.StringVar(&c.Claim, "claim", "", "`PersistentVolumeClaim` that the result is kept on (default: it is "+
		"printed only)")
	flags.StringVar(&c.Schedule, "schedule", "", "print CronJobs with this `schedule`, such as '0 3 * * *'")
	flags.DurationVar(&c.TTL, "ttl", 24*time.Hour, "how long finished Jobs stay")
	flags.StringVar(&c.CPU, "cpu", "1", "processors that each worker asks for, as Kubernetes spells a `quantity`")
	flags.StringVar(&c.Memory, "memory", "512Mi", "memory of each worker, as Kubernetes spells a `quantity`")
}
