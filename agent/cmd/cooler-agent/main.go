// Command cooler-agent is the program beside a cooler: it watches the shelves and sends what it sees to the
// cloud. It covers the way from a camera frame to a message, and only wires the parts: see package agent, and
// `cooler-agent --help`.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the linker.
var version = "unversioned"

// The exit statuses, which scripts may rely on.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// execute runs one command line and returns its exit status.
func execute(ctx context.Context, args []string, out, errs io.Writer) int {
	root := rootCommand()
	begun := markBegin(root)
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errs)
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return exitDone
	case *begun && ctx.Err() != nil && errors.Is(err, context.Canceled):
		return exitFailed // Ctrl-C needs no explanation
	}
	hint := hintOf(err)
	if !*begun && hint == "" {
		hint = fmt.Sprintf("`%s --help` lists the commands", cmd.CommandPath())
		if cmd.HasParent() {
			hint = fmt.Sprintf("%s; see `%s --help`", cmd.UseLine(), cmd.CommandPath())
		}
	}
	fmt.Fprintf(errs, "error: %v\n", err)
	if hint != "" {
		fmt.Fprintf(errs, "hint: %s\n", hint)
	}
	if !*begun {
		return exitUsage
	}
	return exitFailed
}
