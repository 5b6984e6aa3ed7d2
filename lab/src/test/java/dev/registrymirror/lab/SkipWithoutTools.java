package dev.registrymirror.lab;

import dev.registrymirror.lab.tools.ToolMissing;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.LifecycleMethodExecutionExceptionHandler;
import org.junit.jupiter.api.extension.TestExecutionExceptionHandler;
import org.opentest4j.TestAbortedException;

/** Skips a test where this machine cannot have what it runs, and prints the reason. */
public abstract class SkipWithoutTools
    implements ExecutionCondition,
        BeforeAllCallback,
        TestExecutionExceptionHandler,
        LifecycleMethodExecutionExceptionHandler {

  private final String what;

  /**
   * @param what cannot be had, as a reason begins: {@code the lab}
   */
  protected SkipWithoutTools(String what) {
    this.what = what;
  }

  /** What stands in its way, in words; empty where nothing does. */
  protected abstract String obstacle();

  /** Has all tools, for building them takes longer than any test may. */
  protected abstract void prepare();

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    String obstacle = obstacle();
    if (obstacle.isEmpty()) {
      return ConditionEvaluationResult.enabled("this machine can have " + what);
    }
    String reason = what + " " + obstacle;
    if (context.getTestMethod().isEmpty()) {
      System.out.println("skipped: " + context.getDisplayName() + ": " + reason);
    }
    return ConditionEvaluationResult.disabled(reason);
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    prepare();
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
