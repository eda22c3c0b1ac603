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

/** Gives an app its HTTP client and its session. */
export function installSession(app: App): { http: Http; session: Session } {
  const me = ref<Me>()
  const http = createHttp({ onSignedOut: () => (me.value = undefined) })
  const session = createSession(http, me)
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
