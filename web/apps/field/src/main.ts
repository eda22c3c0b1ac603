import '@allclear/kit/tokens.css'
import '@allclear/kit/phone.css'
import { installI18n, installSession } from '@allclear/kit'
import { createApp } from 'vue'
import Field from './Field.vue'
import { messages } from './messages'

const app = createApp(Field)
installI18n(app, { field: messages }, 'field.title')
installSession(app)
app.mount('#app')
