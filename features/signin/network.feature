@SIG-010
Feature: Sign-in over a bad line
  "Sign-in failed" sends a technician on his way. The till must tell what it was, stay signed off, and sign in as soon as
  the line is good again.

  Background:
    Given till "T1" of "Noodle House" has not signed in

  Scenario Outline: The till says what is wrong with the line: <trouble>
    Given the line <fault>
    When the cashier signs in at "T1"
    Then "T1" shows <screen>
    And "T1" is signed off
    And the line trouble of "T1" is <trouble>

    Examples:
      | fault                                                 | screen        | trouble       |
      | refuses connections                                   | NO_CONNECTION | refused       |
      | breaks before the answer to the 1st sign-in           | LINE_CUT      | closed        |
      | breaks in the middle of the answer to the 1st sign-in | LINE_CUT      | cut-mid-frame |

    @clock
    Examples:
      | fault                               | screen    | trouble  |
      | is silent                           | NO_ANSWER | no-bytes |
      | loses the answer to the 1st sign-in | NO_ANSWER | no-bytes |

  Scenario: A till whose clock is years behind refuses a good certificate and says why
    Given the line is protected by TLS
    And the clock of "T1" is 3000 days slow
    When the cashier signs in at "T1"
    Then "T1" shows TLS_CLOCK
    And "T1" is signed off
    And the line trouble of "T1" is tls-clock
    And no message went to the host

  Scenario: With its clock put right the till trusts the host again
    Given the line is protected by TLS
    And the clock of "T1" is 3000 days slow
    And the cashier has tried to sign in at "T1"
    And the clock of "T1" is right
    When the cashier signs in at "T1"
    Then "T1" shows SIGNED_IN
    And "T1" is signed in

  Scenario Outline: The till signs in when the line is good again
    Given the line <fault>
    And the cashier has tried to sign in at "T1"
    And the line works again
    When the cashier signs in at "T1"
    Then "T1" shows SIGNED_IN
    And "T1" is signed in

    Examples:
      | fault                                                 |
      | refuses connections                                   |
      | breaks in the middle of the answer to the 1st sign-in |

    @clock
    Examples:
      | fault     |
      | is silent |
