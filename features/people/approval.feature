Feature: The supervisor's approval
  Money that goes back over the counter goes past two people. Whoever sells must not be able to give back alone, whatever
  password he knows.

  Background:
    Given till "T1" of "Noodle House" has signed in
    And Bob has paid 10.00 CNY at "T1"

  @OPR-001
  Scenario Outline: The password of <whose> approves no void
    When Bob has the 1st sale voided at "T1" without the supervisor
    And operator "<number>" approves at "T1"
    Then "T1" shows NOT_ALLOWED
    And no message went to the host
    And "T1" has the 1st sale as approved

    Examples:
      | number | whose             |
      | 01     | the cashier       |
      | 02     | a colleague       |
      | 99     | the administrator |

  @OPR-001 @host-control
  Scenario: The supervisor's approves it
    When Bob has the 1st sale voided at "T1" without the supervisor
    And operator "00" approves at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 5000.00 CNY
    And the customer copy of "T1" has
      | line          | value |
      | SLIP_OPERATOR | 01    |

  @OPR-002
  Scenario: Wrong passwords lock the supervisor where he approves as anywhere
    When Bob has the 1st sale voided at "T1" without the supervisor
    And operator "00" approves at "T1" with a wrong password 3 times
    And operator "00" approves at "T1"
    Then "T1" shows WRONG_PASSWORD
    And "T1" shows OPERATOR_LOCKED
    And no message went to the host
    And "T1" has the 1st sale as approved

  @OPR-002
  Scenario: A cashier who guesses is locked there too
    When Bob has the 1st sale voided at "T1" without the supervisor
    And operator "02" approves at "T1" with a wrong password 3 times
    And the cashier cancels at "T1"
    And operator "02" logs in at "T1"
    Then "T1" shows OPERATOR_LOCKED
    And "T1" is logged out

  @OPR-003
  Scenario: The cashier thinks better of it
    When Bob has the 1st sale voided at "T1" without the supervisor
    And the cashier cancels at "T1"
    Then "T1" shows CANCELLED
    And "T1" is ready
    And no message went to the host
    And "T1" has the 1st sale as approved

  @OPR-003 @clock
  Scenario: A till that waits for a supervisor who does not come logs the cashier out
    When Bob has the 1st sale voided at "T1" without the supervisor
    And 10 minutes pass
    Then "T1" is logged out
    And no message went to the host
    And "T1" has the 1st sale as approved

  @OPR-004
  Scenario: The supervisor who left his session open has not approved anything
    Given operator "00" logs in at "T1"
    When Bob has the 1st sale voided at "T1" without the supervisor
    Then "T1" shows SUPERVISOR
    And no message went to the host

  @OPR-004 @host-control
  Scenario: He types his password once more
    Given operator "00" logs in at "T1"
    When Bob has the 1st sale voided at "T1" without the supervisor
    And operator "00" approves at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 5000.00 CNY

  @RFD-008 @host-control
  Scenario: A refund waits for him as well
    When Bob has 4.00 CNY of the 1st sale refunded at "T1" without the supervisor
    Then "T1" shows SUPERVISOR
    And no message went to the host
    And Bob's card holds 4990.00 CNY

  @OPR-001 @PRE-010
  Scenario: Nor is a deposit given back by the cashier alone
    When Alice leaves a deposit of 500.00 CNY at "T1"
    And Alice has the 1st pre-auth voided at "T1" without the supervisor
    And operator "01" approves at "T1"
    Then "T1" shows NOT_ALLOWED
    And "T1" has the 1st pre-auth as approved
    And these messages went over the wire
      | from | message         | code |
      | T1   | pre-auth        |      |
      | host | pre-auth answer | 00   |
