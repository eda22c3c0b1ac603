// What the server said of a record, in the words of whoever holds the phone.
import type { OutboxRecord } from '@allclear/engine'
import { useI18n } from 'vue-i18n'

export function useRemark() {
  const { t, te } = useI18n()
  const known = (key: string, word: string) => (te(key) ? t(key) : word)
  return ({ exception, holder, warning }: OutboxRecord): string => {
    if (exception === 'tube_held_elsewhere' && holder) return t('field.heldBy', { site: holder.site_name, n: holder.station })
    if (exception) return known(`kit.exception.${exception}`, exception)
    return warning ? known(`kit.warning.${warning}`, warning) : ''
  }
}
