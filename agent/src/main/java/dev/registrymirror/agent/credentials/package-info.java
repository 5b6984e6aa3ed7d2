/** What containerd shows the agent, so that pods of the node cannot pull through it. */
package dev.registrymirror.agent.credentials;
