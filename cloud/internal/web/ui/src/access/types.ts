// Who may do what, as /v1/users, /v1/tokens and /v1/audit speak of it.

export interface User {
  id: number;
  email: string;
  name: string;
  role: string;
  /** Has chosen a password. */
  active: boolean;
  created_at: string;
  disabled_at?: string | null;
}

export interface Token {
  id: number;
  name: string;
  role: string;
  store?: string;
  device?: string;
  created_at: string;
  revoked_at?: string | null;
}

export interface AuditEntry {
  n: number;
  at: string;
  who: string;
  action: string;
  detail: string;
}
