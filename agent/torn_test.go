package agent_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/coldshelf/coldshelf/agent"
	"github.com/coldshelf/coldshelf/agent/internal/mosquitto"
	"github.com/coldshelf/coldshelf/agent/internal/schedule"
	"github.com/coldshelf/coldshelf/models/wire"
)

// Whatever a card has made of the files that outlive a start, the agent starts, looks, obeys and takes a new state.
func TestTornFilesDoNotKeepABoardFromStarting(t *testing.T) {
	torn := map[string]string{"empty": "", "nothing": "\x00\x00\x00\x00", "another's text": "{\"a\": [1, 2", "noise": "\xff\xfe\x01\x80coldshelf\x00\x9c"}
	for name, content := range torn {
		t.Run(name, func(t *testing.T) {
			broker := mosquitto.New(t, "")
			broker.Start()
			c := newCloud(t, broker.URL(), "cloud")
			data := t.TempDir()
			for _, file := range []string{"desired.wire", "refused", "commands.json", "boot"} {
				if err := os.WriteFile(filepath.Join(data, file), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			opts := options(t, openOutbox(t, data), &moody{next: bright}, broker.URL())
			opts.DataDir, opts.Plan, opts.Picture.Send, opts.Pipeline = data, schedule.Plan{}, agent.SendNever, planner{}
			opts.Rebuild = func(_ context.Context, s agent.Setting) (*agent.View, error) {
				return &agent.View{Pipeline: planner{s.Planogram}}, nil
			}
			start(t, opts)
			c.until("the birth", func() bool { return len(of[*wire.Birth](c)) == 1 })
			c.say(board, &wire.Desired{Version: 1, Planogram: planogram("drinks", 3, 2)})
			c.until("the new state to be in force", func() bool {
				r := of[*wire.Reported](c)
				return len(r) == 1 && r[0].DesiredVersion == 1 && r[0].Outcome == wire.OutcomeApplied
			})
			c.say(board, &wire.Command{ID: "look", Name: wire.CommandCapture})
			c.until("a look under it", func() bool {
				for _, o := range of[*wire.Observation](c) {
					if o.PlanogramID == "drinks" && o.PlanogramVersion == 3 {
						return true
					}
				}
				return false
			})
		})
	}
}
