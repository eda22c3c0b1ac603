import { defineMessages } from '@allclear/kit'

export const messages = defineMessages({
  zh: { title: '采样登记' },
  en: { title: 'Field' },
})
