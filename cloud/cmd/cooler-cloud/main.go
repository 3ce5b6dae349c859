// Command cooler-cloud is the service: it takes the boards' messages, stores them, decides what is wrong, and
// shows and delivers it. It covers the way from a message to an alert. `cooler-cloud serve` needs nothing else
// to run.
//
// The exit status is 0 if all is done, 1 if something failed, and 2 after wrong usage. A failure is reported by
// two lines on stderr, `error:` and `hint:`. With --json, stdout contains nothing but JSON.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	_ "time/tzdata" // stores have time zones, and an image with only this program contains no zone files

	"github.com/spf13/cobra"
	_ "golang.org/x/crypto/x509roots/fallback" // likewise for certificate authorities; the system's own take precedence

	"github.com/coldshelf/coldshelf/cloud"
)

// version is set by the build.
var version = "unversioned"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// usage marks an error as wrong usage.
type usage struct{ error }

func (u usage) Unwrap() error { return u.error }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:   "cooler-cloud",
		Short: "The service behind the coolers: ingest, alerts, API and page",
		Long: `cooler-cloud is the service behind the coolers. It hears the boards over MQTT, keeps what they say, decides what is
wrong, and streams alerts to a page, to other programs and to people. "cooler-cloud serve" needs nothing else to run.`,
		Example: `  cooler-cloud serve                       # open http://127.0.0.1:8080/; boards speak to mqtt://127.0.0.1:1883
  cooler-cloud simulate --devices 3        # in another terminal: made-up coolers, for a first look
  cooler-cloud tail                        # alerts, a line each
  cooler-cloud doctor --config cloud.yml   # what serve lacks`,
		Version:       version, // for --version
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage{err} })
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(commands(stdout, stderr)...)
	for path, example := range examples {
		if c, _, err := root.Find(strings.Fields(path)); err == nil && c.Example == "" {
			c.Example = example
		}
	}
	for _, c := range root.Commands() {
		wrapArgs(c)
	}
	wrapArgs(root)

	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "error: %v\n", err)
	var u usage
	if errors.As(err, &u) {
		hint := "`cooler-cloud --help` lists the commands"
		if cmd != root {
			hint = fmt.Sprintf("%s; see `%s --help`", cmd.UseLine(), cmd.CommandPath())
		}
		fmt.Fprintf(stderr, "hint: %s\n", hint)
		return 2
	}
	var h *cloud.Hinted
	if errors.As(err, &h) {
		fmt.Fprintf(stderr, "hint: %s\n", h.Text)
	} else {
		fmt.Fprintln(stderr, "hint: `cooler-cloud doctor` looks for what is wrong")
	}
	return 1
}

// commands is the explicit list of all commands.
func commands(stdout, stderr io.Writer) []*cobra.Command {
	return []*cobra.Command{
		serveCommand(stdout),
		doctorCommand(stdout),
		quarantineCommand(stdout),
		userCommand(stdout), tokenCommand(stdout),
		enrolCommand(stdout),
		simulateCommand(stdout),
		backupCommand(stdout),
		restoreCommand(stdout), restoredCommand(stdout),
		tailCommand(stdout, stderr),
		rulesCommand(stdout),
		salesCommand(stdout, stderr),
		bundleCommand(stdout), desiredCommand(stdout), rolloutCommand(stdout),
		versionCommand(stdout),
	}
}

// wrapArgs turns a wrong number of arguments, or an unknown command, into wrong usage.
func wrapArgs(c *cobra.Command) {
	check := c.Args
	if check == nil {
		check = cobra.NoArgs
	}
	c.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage{err}
		}
		return nil
	}
	for _, sub := range c.Commands() {
		wrapArgs(sub)
	}
}
