// What `GET /trace/{kind}/{code}` answers.
import type { Schemas } from '@allclear/contract'

export type TracedPerson = Schemas['TracedPerson']
export type TraceStep = Schemas['TraceStep']
