// Package kpi answers questions from the merged hours: availability and what gaps in it cost, sales, shares,
// rankings of outlets and coolers, preference by region, conversion, promotions, forecasts. It comes after the
// way from a frame to an alert: what boards saw is merged with sales first (package merge). The formulas are
// those of docs/kpis.md, and are cited where they are used.
//
// Every row carries the coverage on which it rests; coverage 0 gives null, never 0. Sums over time are weighted
// by time. Money in different currencies is kept apart.
//
// It writes nothing. Suggestions, which are written, are in package replenish.
package kpi
