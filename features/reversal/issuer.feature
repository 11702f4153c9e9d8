Feature: The issuer behind the host
  The till sees one host; behind it is another line that fails just as well, with the cardholder's money at its far end.

  Background:
    Given till "T1" of "Noodle House" has signed in

  @REV-019 @clock @host-control
  Scenario: An issuer that approves too late takes no money
    Given the issuer answers 40 seconds late
    When Bob swipes 10.00 CNY at "T1"
    And 2 minutes pass
    Then "T1" shows ISSUER_NO_ANSWER
    And these messages went over the wire
      | from | message     | trace | code |
      | T1   | sale        | 2     |      |
      | host | sale answer | 2     | 98   |
    And the host has the 1st sale as declined
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @REV-019 @clock @host-control
  Scenario: A payment that reaches the issuer after its reversal takes no money
    Given payments reach the issuer 40 seconds late
    When Bob swipes 10.00 CNY at "T1"
    And 2 minutes pass
    Then "T1" shows ISSUER_NO_ANSWER
    And the host has the 1st sale as declined
    And Bob's card holds 5000.00 CNY
    And "Noodle House" is owed 0.00 CNY

  @REV-019 @clock @host-control
  Scenario: An issuer that is slow but in time is heard
    Given the issuer answers 20 seconds late
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows APPROVED
    And Bob's card holds 4990.00 CNY

  @REV-019 @host-control
  Scenario: A host that is cut off from the issuer says so and approves nothing
    Given the host is cut off from the issuer
    When Bob swipes 10.00 CNY at "T1"
    Then "T1" shows ISSUER_UNAVAILABLE
    And the host has the 1st sale as declined
    And Bob's card holds 5000.00 CNY

  @REV-020
  Scenario: A sale that was taken back does not count against the day
    Given the line breaks before the answer to the 1st sale
    When Ken swipes 10.00 CNY at "T1"
    And Ken swipes 20.00 CNY at "T1"
    And Ken swipes 30.00 CNY at "T1"
    Then "T1" shows LINE_CUT
    And "T1" shows APPROVED
    And the host has the 1st sale as reversed
    And the host has the 2nd sale as approved
    And the host has the 3rd sale as approved
    And Ken's card holds 950.00 CNY
