// Loading a value from the server with its three states, and acting with the error shown in place.
import type { Ref } from 'vue'
import { ref, shallowRef } from 'vue'
import { asProblem, type ProblemError } from './http'

export interface Loaded<T> {
  value: Ref<T | undefined>
  error: Ref<ProblemError | undefined>
  busy: Ref<boolean>
  /** Loads again; keeps the old value on screen meanwhile. An older answer never overwrites a newer one. */
  load(): Promise<void>
}

export function useLoad<T>(get: () => Promise<T>): Loaded<T> {
  const value = shallowRef<T>()
  const error = shallowRef<ProblemError>()
  const busy = ref(false)
  let latest = 0
  async function load() {
    const mine = ++latest
    busy.value = true
    try {
      const got = await get()
      if (mine !== latest) return
      value.value = got
      error.value = undefined
    } catch (thrown) {
      if (mine === latest) error.value = asProblem(thrown)
    } finally {
      if (mine === latest) busy.value = false
    }
  }
  return { value, error, busy, load }
}

export interface Act {
  error: Ref<ProblemError | undefined>
  busy: Ref<boolean>
  /** Runs one action at a time; true if it went through. */
  run(action: () => Promise<unknown>): Promise<boolean>
}

export function useAct(): Act {
  const error = shallowRef<ProblemError>()
  const busy = ref(false)
  async function run(action: () => Promise<unknown>) {
    if (busy.value) return false
    busy.value = true
    error.value = undefined
    try {
      await action()
      return true
    } catch (thrown) {
      error.value = asProblem(thrown)
      return false
    } finally {
      busy.value = false
    }
  }
  return { error, busy, run }
}
