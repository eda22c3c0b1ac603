// Which laboratory the pages are about: one of those that the account sees, remembered.
import { useHttp, useLoad } from '@allclear/kit'
import { computed, ref, watch } from 'vue'
import { labApi, labsApi } from './api'

const STORED = 'allclear.lab'

export function useLab() {
  const http = useHttp()
  const labs = useLoad(labsApi(http).labs)
  const chosen = ref(localStorage.getItem(STORED) ?? '')
  const lab = computed(() => labs.value.value?.find((row) => row.id === chosen.value) ?? labs.value.value?.[0])
  watch(chosen, (id) => localStorage.setItem(STORED, id))
  const api = labApi(http, () => lab.value?.id ?? '')
  return { labs, lab, chosen, api, common: labsApi(http), http }
}

export type LabPage = ReturnType<typeof useLab>

/** One line of sound for gloves and noise: high for good, low twice for bad. */
export function beep(good: boolean) {
  try {
    const audio = new AudioContext()
    const tone = (at: number, hertz: number) => {
      const [oscillator, gain] = [audio.createOscillator(), audio.createGain()]
      oscillator.frequency.value = hertz
      gain.gain.value = 0.08
      oscillator.connect(gain).connect(audio.destination)
      oscillator.start(audio.currentTime + at)
      oscillator.stop(audio.currentTime + at + 0.11)
    }
    tone(0, good ? 1320 : 260)
    if (!good) tone(0.18, 260)
    setTimeout(() => void audio.close(), 800)
  } catch {
    // A desk without loudspeaker still has the word and the colour.
  }
}
