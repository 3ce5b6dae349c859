package deliver_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coldshelf/coldshelf/cloud/internal/alert"
	"github.com/coldshelf/coldshelf/cloud/internal/deliver"
	"github.com/coldshelf/coldshelf/cloud/internal/state"
	"github.com/coldshelf/coldshelf/cloud/internal/state/statetest"
	"github.com/coldshelf/coldshelf/models/shelf"
)

// sameButOrder reports whether two lists hold the same.
func sameButOrder(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// TestTargetsAreToldOfARestore: a log of three is restored at two. A webhook that was told all three, and the broker,
// are told so before what is logged since; and what is logged since is told, though places 3 and 4 were told before.
func TestTargetsAreToldOfARestore(t *testing.T) {
	statetest.Each(t, toldOfARestore, alert.Tables, deliver.Tables)
}

func toldOfARestore(t *testing.T, db *state.DB) {
	h := newHouseOn(t, db)
	url, calls := endpoint(t, ok)
	h.hook(deliver.Webhook{URL: url})
	b := &broker{kept: map[string]string{}, news: make(chan struct{}, 1)}
	h.start(deliver.Config{AllowPrivate: true, MQTT: b.connect})
	for n := range 3 {
		h.sellOut(fmt.Sprint("d", n), shelf.Empty)
		next(t, calls)
	}
	b.until(t, 3)
	h.stop()
	err := h.db.Write(t.Context(), func(tx *state.Tx) error { // what a restore leaves
		var errs []error
		for _, q := range []string{"DELETE FROM alert_log WHERE cursor > 2", "DELETE FROM alerts WHERE device = 'd2'", "UPDATE alert_readers SET cursor = 2 WHERE cursor = 3"} {
			_, err := tx.Exec(t.Context(), q)
			errs = append(errs, err)
		}
		return errors.Join(append(errs, alert.Restored(t.Context(), tx, time.Now()))...)
	})
	if err != nil {
		t.Fatal(err)
	}
	b.restart(`{"cursor":"3"}`)
	h.start(deliver.Config{AllowPrivate: true, MQTT: b.connect})
	h.sellOut("d3", shelf.Empty)
	told := next(t, calls)
	if !strings.Contains(told.body, deliver.RestoredType) || !strings.Contains(told.body, `"below":"2"`) || told.header.Get("webhook-signature") == "" {
		t.Errorf("the webhook is told %s", told.body)
	}
	if got := next(t, calls); !strings.Contains(got.body, "d3") {
		t.Errorf("then it is told %s, want d3", got.body)
	}
	topic := func(n int) string { return fmt.Sprintf("coldshelf/v1/t/alerts/s1/d%d/stockout/A%%2F1%%2B", n) }
	if got, want := b.until(t, 4), []string{deliver.RestoredTopic("t"), topic(0), topic(1), topic(3)}; !sameButOrder(got, want) || got[0] != want[0] {
		t.Errorf("the broker is told %q, want %q", got, want)
	}
	if seams, err := alert.Seams(t.Context(), h.db); err != nil || len(seams) != 1 {
		t.Errorf("%+v, %v: the broker's mark is of the log of before", seams, err)
	}
	h.stop()
	if got := b.kept[deliver.RestoredTopic("t")]; got != told.body {
		t.Errorf("the broker keeps %s, want %s", got, told.body)
	}
}
