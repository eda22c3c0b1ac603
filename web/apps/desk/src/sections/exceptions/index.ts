import { WarningFilled } from '@element-plus/icons-vue'
import { defineSection } from '../../section'
import { messages } from './messages'

// Facts that wait for a person: both sides, a suggestion, a decision.
export default defineSection({
  name: 'exceptions',
  menu: [
    {
      path: '/exceptions',
      title: 'exceptions.menu',
      icon: WarningFilled,
      group: 'sampling',
      order: 20,
      roles: ['site_lead', 'headquarters'],
    },
  ],
  routes: [{ path: '/exceptions', component: () => import('./ExceptionsPage.vue') }],
  messages,
})
