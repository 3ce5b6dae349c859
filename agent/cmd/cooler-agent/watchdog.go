package main

import (
	"net"
	"os"
)

// watchdog reports to systemd if it started this program with Type=notify (sd_notify(3)), and otherwise does
// nothing.
type watchdog struct{ socket string }

func newWatchdog() watchdog { return watchdog{os.Getenv("NOTIFY_SOCKET")} }

func (w watchdog) ready()    { w.say("READY=1") }
func (w watchdog) alive()    { w.say("WATCHDOG=1") }
func (w watchdog) stopping() { w.say("STOPPING=1") }

// say ignores errors: if systemd does not hear from the program, it restarts it, which is what is wanted.
func (w watchdog) say(what string) {
	if w.socket == "" {
		return
	}
	name := w.socket
	if name[0] == '@' {
		name = "\x00" + name[1:]
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return
	}
	defer conn.Close()
	_, _ = conn.Write([]byte(what)) // systemd will receive the next one
}
