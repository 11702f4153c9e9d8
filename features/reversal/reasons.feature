Feature: Other reasons to take a sale back

  Background:
    Given till "T1" of "Noodle House" has signed in

  @REV-012
  Scenario: A till that cannot write the approval down takes it back
    Given "T1" cannot write to its storage right after receiving the answer to the 1st sale
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows STORAGE_FAILED
    And "T1" does not show APPROVED
    And these messages went over the wire
      | from | message         | trace | code |
      | T1   | sale            | 2     |      |
      | host | sale answer     | 2     | 00   |
      | T1   | reversal        | 2     | 96   |
      | host | reversal answer | 2     | 00   |
    And Bob's card holds 5000.00 CNY

  @REV-013 @host-control
  Scenario: An answer that came too late for the switch leaves the outcome open, so the till reverses
    Given the host answers the 1st sale with "68"
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows ANSWER_TOO_LATE
    And these messages went over the wire
      | from | message         | trace | code |
      | T1   | sale            | 2     |      |
      | host | sale answer     | 2     | 68   |
      | T1   | reversal        | 2     | 06   |
      | host | reversal answer | 2     | 00   |
    And Bob's card holds 5000.00 CNY
