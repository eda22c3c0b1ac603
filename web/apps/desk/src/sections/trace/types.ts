// What `GET /trace/{kind}/{code}` answers.
export interface TracedPerson {
  no: number
  /** Masked. */
  name: string
}

export interface TraceStep {
  at: string
  recorded_at: string
  event: string
  state: string
  who: string
  place: string
  /** 0 for a desk. */
  device_no: number
  device: string
  tube?: string | null
  box?: string | null
  person?: TracedPerson | null
  note?: string | null
}

export interface Trace {
  kind: string
  code: string
  person?: TracedPerson | null
  state: string
  round: string
  place: string
  members: number
  box?: string | null
  result?: string | null
  steps: TraceStep[]
}
