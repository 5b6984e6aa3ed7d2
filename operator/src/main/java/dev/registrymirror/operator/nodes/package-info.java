/** The cluster's nodes: their platforms, who takes part, and what their agents say. */
package dev.registrymirror.operator.nodes;
