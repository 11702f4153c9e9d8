Feature: Whether the void of a completion is approved
  Acquirers disagree about it, so it is a parameter of the till.

  @OPR-005 @host-control
  Scenario: Where the parameter says so the supervisor is asked
    Given till "T1" of "Noodle House" has signed in
    When Alice leaves a deposit of 500.00 CNY at "T1"
    And Alice has the 1st pre-auth completed with 480.00 CNY at "T1"
    And Alice has the 1st completion voided at "T1" without the supervisor
    Then "T1" shows SUPERVISOR
    And "Noodle House" is owed 480.00 CNY

  @OPR-005 @host-control
  Scenario: Where it does not, he is not
    Given the host and its tills agree that "completion_void_approval" is "false"
    And till "T1" of "Noodle House" has signed in
    When Alice leaves a deposit of 500.00 CNY at "T1"
    And Alice has the 1st pre-auth completed with 480.00 CNY at "T1"
    And Alice has the 1st completion voided at "T1" without the supervisor
    Then "T1" does not show SUPERVISOR
    And "T1" has the 1st completion-void as approved
    And "Noodle House" is owed 0.00 CNY
