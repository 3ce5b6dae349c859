// Package kpi answers questions from the merged hours: availability and what its gaps cost, sales,
// shares, rankings of outlets and coolers, preference by region, conversion, promotions, forecasts. The
// formulas are those of docs/kpis.md, each cited where it stands.
//
// What it promises: every row carries the coverage that it rests on; coverage 0 gives null, never 0.
// Sums over time weigh by time. Money of different currencies stands side by side.
//
// What it refuses: to write anything. Suggestions, which are written, are in package replenish.
package kpi
