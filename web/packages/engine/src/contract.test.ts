// The types of wire.ts against the generated contract. The type checker is the test: what we send
// must be what the server takes, and we must know every word that the server may answer.
import type { Schemas } from '@allclear/contract'
import { expect, it } from 'vitest'
import type {
  Command,
  DocumentKind,
  ExceptionKind,
  HandOverSide,
  IdMode,
  Outcome,
  Roster,
  Round,
  Site,
  SyncRequest,
  SyncResponse,
  TubeKind,
  Warning,
} from './wire'

type Same<A, B> = [A, B] extends [B, A] ? true : false
const same = <A, B>(yes: Same<A, B>) => yes
const sends = <Theirs, Ours extends Theirs>(_?: Ours) => true
const takes = <Ours, Theirs extends Ours>(_?: Theirs) => true

it('speaks as contract/openapi.json does', () => {
  expect([
    same<DocumentKind, Schemas['DocumentKind']>(true),
    same<ExceptionKind, Schemas['ExceptionKind']>(true),
    same<HandOverSide, Schemas['HandOverSide']>(true),
    same<IdMode, Schemas['IdMode']>(true),
    same<TubeKind, Schemas['TubeKind']>(true),
    same<Warning, Schemas['Warning']>(true),
    sends<Schemas['Command'], Command>(),
    sends<Schemas['SyncRequest'], SyncRequest>(),
    takes<Outcome, Schemas['Outcome']>(),
    takes<SyncResponse, Schemas['SyncResponse']>(),
    takes<Roster, Schemas['Roster']>(),
    takes<Round, Schemas['Round']>(),
    takes<Site, Schemas['Site']>(),
  ]).not.toContain(false)
})
