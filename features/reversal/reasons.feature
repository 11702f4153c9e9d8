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

  @REV-022
  Scenario: A till that has seen the approval tells its code
    Given "T1" cannot write to its storage right after receiving the answer to the 1st sale
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows STORAGE_FAILED
    And the 1st reversal carries
      | field     | value |
      | code      | 96    |
      | auth_code | *     |
    And Bob's card holds 5000.00 CNY

  @REV-025 @clock
  Scenario: A decline that was lost is reversed, and there is nothing to take back
    Given the line loses the answer to the 1st sale
    When Dave swipes 10.00 CNY at "T1"
    Then "T1" shows NO_ANSWER
    And these messages went over the wire
      | from | message         | trace | code | note      |
      | T1   | sale            | 2     |      |           |
      | host | sale answer     | 2     | 41   | lost      |
      | T1   | reversal        | 2     | 98   | after 60s |
      | host | reversal answer | 2     | 00   |           |
    And "T1" has the 1st sale as reversed
    And the host has the 1st sale as declined
