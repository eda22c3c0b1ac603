// How the phone tells a gloved hand what happened: a tone, a vibration, and a whole screen of one
// colour with one shape and one word. Tones are made by WebAudio; no sound files.
import type { App, InjectionKey, Ref } from 'vue'
import { inject, ref } from 'vue'

/** `good`: registered. `tube`: a tube is on the table. `note`: look. `stop`: it was not taken. */
export type Kind = 'good' | 'tube' | 'note' | 'stop'

export interface Flash {
  kind: Kind
  word: string
  more?: string
  key: number
}

export interface Signals {
  flash: Readonly<Ref<Flash | undefined>>
  tell(kind: Kind, word: string, more?: string): void
  clear(): void
}

const TONES: Record<Kind, [frequency: number, fromMs: number, lengthMs: number][]> = {
  good: [[1320, 0, 120]],
  tube: [
    [880, 0, 90],
    [1175, 110, 120],
  ],
  note: [
    [660, 0, 160],
    [660, 220, 160],
  ],
  stop: [
    [220, 0, 260],
    [185, 300, 420],
  ],
}
const SHAKES: Record<Kind, number[]> = { good: [60], tube: [40, 50, 40], note: [120, 80, 120], stop: [400, 100, 400] }
const STAYS_MS: Record<Kind, number> = { good: 900, tube: 900, note: 1600, stop: 2600 }

const SIGNALS: InjectionKey<Signals> = Symbol('signals')

export function installSignals(app: App): void {
  const flash = ref<Flash>()
  let audio: AudioContext | undefined
  let timer = 0
  let count = 0
  // Browsers let a page sound only after a touch.
  const unlock = () => {
    audio ??= new AudioContext()
    void audio.resume()
  }
  window.addEventListener('pointerdown', unlock)
  window.addEventListener('keydown', unlock)
  const clear = () => {
    window.clearTimeout(timer)
    flash.value = undefined
  }
  app.provide(SIGNALS, {
    flash,
    clear,
    tell(kind, word, more) {
      count += 1
      flash.value = { kind, word, key: count, ...(more === undefined ? {} : { more }) }
      window.clearTimeout(timer)
      timer = window.setTimeout(clear, STAYS_MS[kind])
      // Browsers let it shake, too, only after a touch.
      if (navigator.userActivation?.hasBeenActive ?? true) navigator.vibrate?.(SHAKES[kind])
      if (audio) play(audio, kind)
    },
  })
}

function play(audio: AudioContext, kind: Kind): void {
  for (const [frequency, fromMs, lengthMs] of TONES[kind]) {
    const from = audio.currentTime + fromMs / 1000
    const until = from + lengthMs / 1000
    const tone = audio.createOscillator()
    const level = audio.createGain()
    tone.type = kind === 'stop' ? 'square' : 'sine'
    tone.frequency.value = frequency
    level.gain.setValueAtTime(0.0001, from)
    level.gain.exponentialRampToValueAtTime(0.6, from + 0.01)
    level.gain.exponentialRampToValueAtTime(0.0001, until)
    tone.connect(level).connect(audio.destination)
    tone.start(from)
    tone.stop(until + 0.02)
  }
}

export function useSignals(): Signals {
  const signals = inject(SIGNALS)
  if (!signals) throw new Error('installSignals was not called')
  return signals
}
