package main

import (
	"net"
	"os"
)

// watchdog talks to systemd where it started this program with Type=notify (sd_notify(3)); elsewhere it is
// silent.
type watchdog struct{ socket string }

func newWatchdog() watchdog { return watchdog{os.Getenv("NOTIFY_SOCKET")} }

func (w watchdog) ready()    { w.say("READY=1") }
func (w watchdog) alive()    { w.say("WATCHDOG=1") }
func (w watchdog) stopping() { w.say("STOPPING=1") }

// say drops what cannot be delivered: systemd then restarts the program, which is what is wanted.
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
	_, _ = conn.Write([]byte(what)) // systemd hears the next one
}
