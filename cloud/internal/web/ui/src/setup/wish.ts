// What is wished of boards, part by part, and how a form of it becomes a change. Pure.

import type { Scope, Wish } from "./rollouts";

export type Parts = Wish["parts"];
export interface Schedule {
  every_s?: number;
  at?: string[];
  on_door_close?: boolean;
  settle_s?: number;
  hours?: string;
}

/** The parts that are chosen from a list. */
export const CHOSEN = ["planogram", "gallery", "model", "agent"] as const;

/** Thresholds that boards know, thousandths. */
export const THRESHOLDS = ["detector_permille", "nms_permille", "name_permille", "margin_permille"] as const;
export type Threshold = (typeof THRESHOLDS)[number];

/** A form's fields, as text. A chosen part is "=" where it is left to the wish beyond. */
export interface Draft {
  chosen: Record<(typeof CHOSEN)[number], string>;
  scheduled: boolean;
  minutes: string;
  at: string;
  door: boolean;
  settle: string;
  hours: string;
  limited: boolean;
  thresholds: Record<Threshold, string>;
}

export const BEYOND = "=";

export function draftOf(p: Parts): Draft {
  const s = p.schedule;
  return {
    chosen: { planogram: p.planogram ?? BEYOND, gallery: p.gallery ?? BEYOND, model: p.model ?? BEYOND, agent: p.agent ?? BEYOND },
    scheduled: s !== undefined,
    minutes: s?.every_s ? String(s.every_s / 60) : "",
    at: (s?.at ?? []).join(", "),
    door: s?.on_door_close ?? false,
    settle: s?.settle_s ? String(s.settle_s) : "",
    hours: s?.hours ?? "",
    limited: p.thresholds !== undefined,
    thresholds: Object.fromEntries(THRESHOLDS.map((k) => [k, p.thresholds?.[k] ? String(p.thresholds[k]) : ""])) as Draft["thresholds"],
  };
}

/** What has to be sent so that the wish becomes the draft: only parts that differ; null leaves one to the wish beyond. */
export function changeOf(was: Parts, d: Draft): Record<string, unknown> {
  const now: Record<string, unknown> = Object.fromEntries(CHOSEN.map((k) => [k, d.chosen[k] === BEYOND ? null : d.chosen[k]]));
  now.schedule = d.scheduled ? scheduleOf(d) : null;
  now.thresholds = d.limited ? Object.fromEntries(THRESHOLDS.filter((k) => d.thresholds[k].trim() !== "").map((k) => [k, Number(d.thresholds[k])])) : null;
  const before = was as Record<string, unknown>;
  return Object.fromEntries(Object.entries(now).filter(([k, v]) => canonical(v) !== canonical(before[k] ?? null)));
}

function scheduleOf(d: Draft): Schedule {
  const at = d.at.split(/[,，、\s]+/).filter(Boolean);
  return {
    ...(Number(d.minutes) > 0 ? { every_s: Math.round(Number(d.minutes) * 60) } : {}),
    ...(at.length > 0 ? { at } : {}),
    ...(d.door ? { on_door_close: true } : {}),
    ...(d.door && Number(d.settle) > 0 ? { settle_s: Math.round(Number(d.settle)) } : {}),
    ...(d.hours.trim() !== "" ? { hours: d.hours.trim().replace(/\s*[–—~至]\s*/, "-") } : {}),
  };
}

/** The same text for the same value, in whatever order its keys are. */
function canonical(v: unknown): string {
  return JSON.stringify(v, (_, x: unknown) => (x !== null && typeof x === "object" && !Array.isArray(x) ? Object.fromEntries(Object.entries(x).sort(([a], [b]) => a.localeCompare(b))) : x));
}

/** The address at which a wish is put. */
export const wishPath = (scope: Scope, place: string) => (scope === "tenant" ? "/v1/desired" : `/v1/desired/${scope === "store" ? "stores" : "coolers"}/${encodeURIComponent(place)}`);
