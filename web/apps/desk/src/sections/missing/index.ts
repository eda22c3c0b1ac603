import { Phone } from '@element-plus/icons-vue'
import { defineSection } from '../../section'
import { messages } from './messages'

// Who is expected and has no swab: the grid worker's page on a phone, headquarters' on a desk.
export default defineSection({
  name: 'missing',
  menu: [
    {
      path: '/missing',
      title: 'missing.menu',
      icon: Phone,
      group: 'sampling',
      order: 30,
      roles: ['grid_worker', 'headquarters'],
    },
  ],
  routes: [{ path: '/missing', component: () => import('./MissingPage.vue') }],
  messages,
})
