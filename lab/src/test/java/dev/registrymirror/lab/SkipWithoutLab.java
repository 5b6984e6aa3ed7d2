package dev.registrymirror.lab;

import dev.registrymirror.lab.tools.ToolMissing;
import dev.registrymirror.lab.tools.Tools;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.opentest4j.TestAbortedException;

/** What {@link NeedsLab} says. */
final class SkipWithoutLab
    implements ExecutionCondition,
        BeforeAllCallback,
        TestExecutionExceptionHandler,
        LifecycleMethodExecutionExceptionHandler {

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    String obstacle = Tools.obstacle();
    if (obstacle.isEmpty()) {
      return ConditionEvaluationResult.enabled("this machine can have a lab");
    }
    if (context.getTestMethod().isEmpty()) {
      System.out.println("skipped: " + context.getDisplayName() + ": the lab " + obstacle);
    }
    return ConditionEvaluationResult.disabled("the lab " + obstacle);
  }

  /** Has all tools first: building them takes longer than any test may. */
  @Override
  public void beforeAll(ExtensionContext context) {
    Tools tools = Tools.prepare();
    tools.registry();
    tools.nginx();
    tools.containerds().forEach(tools::containerd);
  }

  @Override
  public void handleTestExecutionException(ExtensionContext context, Throwable failure)
      throws Throwable {
    if (failure instanceof ToolMissing missing) {
      System.out.println("skipped: " + context.getDisplayName() + ": " + missing.getMessage());
      throw new TestAbortedException(missing.getMessage(), missing);
    }
    throw failure;
  }

  @Override
  public void handleBeforeEachMethodExecutionException(ExtensionContext context, Throwable failure)
      throws Throwable {
    handleTestExecutionException(context, failure);
  }
}
