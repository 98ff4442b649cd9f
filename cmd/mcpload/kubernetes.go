package main

import (
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/mcpload/mcpload/internal/hint"
	"github.com/mcpload/mcpload/internal/kubernetes"
)

func (a *app) kubernetesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "kubernetes",
		Short: "Run a load or run from several pods of a cluster",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.manifestCommand())
	return cmd
}

func (a *app) manifestCommand() *cobra.Command {
	var c kubernetes.Config
	cmd := &cobra.Command{
		Use:   "manifest --workers N [flags] -- load|run [its flags]",
		Short: "Print what kubectl apply takes to run it from several pods",
		Long: `Manifest prints an Indexed Job of workers, a Job for the coordinator, and the Service
by which they find it. It speaks to no cluster. A whole run is three commands, and one
that removes it:

  kubectl create secret generic mcpload-token --from-literal=token="$(openssl rand -hex 16)"
  mcpload kubernetes manifest --workers 20 -- load --url … --rate … | kubectl apply -f -
  kubectl logs -f job/mcpload-coordinator
  kubectl delete job,service -l app.kubernetes.io/instance=mcpload

The coordinator shows the certificate of --tls-secret, which is made once, and is for
the Service's name:

  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 \
      -keyout tls.key -out tls.crt -subj /CN=mcpload-coordinator \
      -addext subjectAltName=DNS:mcpload-coordinator
  kubectl create secret tls mcpload-tls --cert tls.crt --key tls.key

Pods keep to the restricted Pod Security Standard. The coordinator's Job fails where
the verdict is no pass, and is never started again; a worker is started once more if it
fails before the plan has begun.`,
		Example: `  mcpload kubernetes manifest --workers 20 -- load --url http://server:8000/mcp --method ping --rate 20000/s --sessions 2000
  mcpload kubernetes manifest --workers 3 --schedule '0 3 * * *' --claim mcpload-results -- run --url http://server:8000/mcp --rate 15/s --burst 40
  mcpload kubernetes manifest --workers 5 --env-secret server-token -- load --url https://server/mcp --bearer-env TOKEN --method ping --rate 500/s`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.ArgsLenAtDash() != 0 {
				return hint.New(errors.New("what the workers are to send stands after --"), "mcpload kubernetes manifest --workers 20 -- load --url …")
			}
			if err := startsNothing(args); err != nil {
				return err
			}
			for _, arg := range args {
				if arg == "--mix" || strings.HasPrefix(arg, "--mix=") {
					return errors.New("--mix names a file that no pod has: mount it, or run mcpload coordinate where it is")
				}
			}
			c.Args = args
			text, err := kubernetes.Manifest(c)
			if err != nil {
				return errors.New(strings.TrimPrefix(err.Error(), "kubernetes: "))
			}
			_, err = a.stdout.Write(text)
			return err
		},
	}
	registerManifest(cmd.Flags(), &c)
	return cmd
}

func registerManifest(flags *pflag.FlagSet, c *kubernetes.Config) {
	flags.IntVar(&c.Workers, "workers", 0, "how many pods send a part each, `n`")
	flags.StringVar(&c.Image, "image", "ghcr.io/mcpload/mcpload:latest", "`image` of mcpload, such as deploy/Dockerfile builds")
	flags.StringVar(&c.Name, "name", "mcpload", "`name` that all objects begin with, and are found by")
	flags.StringVarP(&c.Namespace, "namespace", "n", "", "`namespace` (default: kubectl's)")
	flags.StringVar(&c.TokenSecret, "token-secret", "mcpload-token", "`Secret` whose key token coordinator and workers share")
	flags.StringVar(&c.TLSSecret, "tls-secret", "mcpload-tls", "`Secret` with the coordinator's certificate")
	flags.StringVar(&c.EnvSecret, "env-secret", "", "`Secret` whose keys are variables of the workers, such as credentials for the server")
	flags.StringVar(&c.Claim, "claim", "", "`PersistentVolumeClaim` that the result is kept on (default: it is printed only)")
	flags.StringVar(&c.Schedule, "schedule", "", "print CronJobs with this `schedule`, such as '0 3 * * *'")
	flags.DurationVar(&c.TTL, "ttl", 24*time.Hour, "how `long` finished Jobs stay")
	flags.StringVar(&c.CPU, "cpu", "1", "processors that each worker asks for, as Kubernetes spells a `quantity`")
	flags.StringVar(&c.Memory, "memory", "512Mi", "memory of each worker, as Kubernetes spells a `quantity`")
}
