package telemetry_test

import (
	"encoding/json"
	"testing"

	"github.com/coldshelf/coldshelf/models/telemetry"
)

func TestClockQualityText(t *testing.T) {
	for q, want := range map[telemetry.ClockQuality]string{
		telemetry.Unset: `"unset"`, telemetry.Monotonic: `"monotonic"`, telemetry.RTC: `"rtc"`, telemetry.NTP: `"ntp"`,
	} {
		got, err := json.Marshal(q)
		if err != nil || string(got) != want {
			t.Errorf("got %s (%v), want %s", got, err, want)
		}
		var back telemetry.ClockQuality
		if err := json.Unmarshal(got, &back); err != nil || back != q {
			t.Errorf("%s reads back as %v (%v)", got, back, err)
		}
	}
	var q telemetry.ClockQuality
	if err := json.Unmarshal([]byte(`"atomic"`), &q); err == nil {
		t.Errorf("atomic is accepted as %v", q)
	}
	if got := telemetry.ClockQuality(9).String(); got != "undefined(9)" {
		t.Errorf("got %s", got)
	}
}

func TestUnitsAsText(t *testing.T) {
	for got, want := range map[string]string{
		telemetry.MilliCelsius(4250).String():  "4.25 °C",
		telemetry.MilliCelsius(-7125).String(): "-7.12 °C",
		telemetry.Permille(612).String():       "61.2 %",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
