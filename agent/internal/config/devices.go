package config

import "time"

// Devices lists what is wired to the board. A part that is missing here is not fitted.
type Devices struct {
	Sim         bool          `yaml:"sim"`       // a simulated cooler instead of hardware
	SimSpeed    float64       `yaml:"sim_speed"` // how many times faster its time runs; 0: 1
	Interval    time.Duration `yaml:"interval"`  // between readings and health reports
	Door        *Door         `yaml:"door"`
	Thermometer *Thermometer  `yaml:"thermometer"`
	Presence    *Presence     `yaml:"presence"`
	Power       *Power        `yaml:"power"`
	Light       *Light        `yaml:"light"`
	Footfall    *Footfall     `yaml:"footfall"`
	Place       *Place        `yaml:"place"`
}

// Door is a contact on a pin.
type Door struct {
	Pin      string        `yaml:"pin"`       // in periph's notation, such as GPIO17
	OpenHigh bool          `yaml:"open_high"` // the pin is high while the door is open
	Debounce time.Duration `yaml:"debounce"`  // 0: 50 ms
}

// Thermometer is a climate sensor on a bus.
type Thermometer struct {
	Kind    string `yaml:"kind"`    // ds18b20, sht3x or sht4x
	Bus     string `yaml:"bus"`     // in periph's notation; "": the first
	Address string `yaml:"address"` // hexadecimal; "": the only ds18b20 on the bus, or 0x44 for the others
}

// Presence is a motion detector on a pin.
type Presence struct {
	Pin  string        `yaml:"pin"`
	Hold time.Duration `yaml:"hold"` // presence ends after so long without motion; 0: 5 s
}

// Power is an INA219 in the supply of the cooler or of the board.
type Power struct {
	Of        string `yaml:"of"` // "cooler" or "board"; "": board
	Bus       string `yaml:"bus"`
	Address   string `yaml:"address"`    // hexadecimal; "": 0x40
	ShuntMOhm int    `yaml:"shunt_mohm"` // 0: 100
	MainsMV   int    `yaml:"mains_mv"`   // below this the cooler is without power, or the board runs on its battery; 0: 4750, which suits a board
}

// Cooler reports whether it measures the cooler's own supply, which may fail while the board goes on.
func (p Power) Cooler() bool { return p.Of == "cooler" }

// Place watches, by the routers nearby, whether the board is still where it was set up.
type Place struct {
	Every time.Duration `yaml:"every"` // between two checks; 0: a minute
}

// Light is the lamp that is lit for a picture, through a relay on a pin.
type Light struct {
	Pin       string        `yaml:"pin"`
	ActiveLow bool          `yaml:"active_low"`
	Warmup    time.Duration `yaml:"warmup"` // before the picture
}

// Footfall is a camera that looks at where people walk, and counts them. Its frames stay in memory; only counts
// leave the board.
type Footfall struct {
	Source string     `yaml:"source"` // as camera.source, but not dir: or sim:
	Width  int        `yaml:"width"`  // requested from a v4l2 camera; 0: its own
	Height int        `yaml:"height"`
	Lines  []Counting `yaml:"lines"`
	Zones  []Counting `yaml:"zones"`
}

// Counting is a line or a zone in the footfall camera's picture.
type Counting struct {
	Name   string `yaml:"name"`
	Points string `yaml:"points"` // x,y,x,y,… in pixels: two points for a line, three or more for a zone
}
