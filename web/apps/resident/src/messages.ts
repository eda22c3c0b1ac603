import { defineMessages } from '@allclear/kit'

export const messages = defineMessages({
  zh: { title: '我的采样' },
  en: { title: 'My test' },
})
