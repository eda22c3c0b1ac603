// Who is signed in. One store per app, handed down by provide/inject.
import type { Schemas } from '@allclear/contract'
import type { App, InjectionKey, Ref } from 'vue'
import { computed, inject, ref } from 'vue'
import { asProblem, createHttp, type Http } from './http'

export type Me = Schemas['Me']
export type Role = Schemas['Role']
export type Grant = Schemas['Grant']

export const ROLES: readonly Role[] = [
  'registrar',
  'site_lead',
  'courier',
  'lab_entry',
  'lab_release',
  'headquarters',
  'grid_worker',
  'administrator',
  'auditor',
]

export interface Session {
  me: Readonly<Ref<Me | undefined>>
  /** False until the first answer about who we are. */
  known: Readonly<Ref<boolean>>
  signedIn: Readonly<Ref<boolean>>
  /** True if any grant carries one of the roles; what is really allowed the server decides. */
  has(...roles: Role[]): boolean
  /** Roots of the subtrees in which one of the roles holds. */
  areas(...roles: Role[]): string[]
  refresh(): Promise<void>
  signIn(name: string, password: string): Promise<void>
  signOut(): Promise<void>
}

const SESSION: InjectionKey<Session> = Symbol('session')
const HTTP: InjectionKey<Http> = Symbol('http')

export function createSession(http: Http, me: Ref<Me | undefined>): Session {
  const known = ref(false)
  const grants = (roles: Role[]) => (me.value?.grants ?? []).filter((grant) => roles.includes(grant.role))
  return {
    me,
    known,
    signedIn: computed(() => me.value !== undefined),
    has: (...roles) => grants(roles).length > 0,
    areas: (...roles) => [...new Set(grants(roles).map((grant) => grant.area))],
    async refresh() {
      try {
        me.value = await http.get('/session')
      } catch (error) {
        if (asProblem(error).status !== 401) throw error
        me.value = undefined
      } finally {
        known.value = true
      }
    },
    async signIn(name, password) {
      me.value = await http.post('/session', { body: { name, password } })
      known.value = true
    },
    async signOut() {
      await http.delete('/session')
      me.value = undefined
    },
  }
}

/** Between two notes that somebody works here, milliseconds; the server ends a session that is unused for two hours. */
const WORK_NOTED_MS = 10 * 60_000

/** Tells the server, while somebody is signed in, that they work at this page, also where the page itself asks nothing. */
export function noteWork(session: Pick<Session, 'signedIn' | 'refresh'>, target: EventTarget, now: () => number): () => void {
  let noted = now()
  const note = () => {
    if (!session.signedIn.value || now() - noted < WORK_NOTED_MS) return
    noted = now()
    // Without network nothing is noted, and the next touch tries again in ten minutes.
    session.refresh().catch(() => undefined)
  }
  for (const event of ['pointerdown', 'keydown']) target.addEventListener(event, note, { passive: true })
  return () => ['pointerdown', 'keydown'].forEach((event) => target.removeEventListener(event, note))
}

/** Gives an app its HTTP client and its session. */
export function installSession(app: App): { http: Http; session: Session } {
  const me = ref<Me>()
  const http = createHttp({ onSignedOut: () => (me.value = undefined) })
  const session = createSession(http, me)
  noteWork(session, window, Date.now)
  app.provide(HTTP, http)
  app.provide(SESSION, session)
  return { http, session }
}

export function useHttp(): Http {
  const http = inject(HTTP)
  if (!http) throw new Error('installSession was not called')
  return http
}

export function useSession(): Session {
  const session = inject(SESSION)
  if (!session) throw new Error('installSession was not called')
  return session
}
